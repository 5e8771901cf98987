/* stats.h - what is counted: the members of struct hf_stats, as numbers */
#ifndef HOLDFAST_STATS_H
#define HOLDFAST_STATS_H

#include "holdfast.h"

enum stat {
#define STAT_NUMBER(name, text) STAT_##name,
	HF_STATS(STAT_NUMBER)
#undef STAT_NUMBER
	STATS
};

#endif
