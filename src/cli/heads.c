/*
 * heads.c - the heads of the columns
 */
#include "heads.h"

#include <stdio.h>

const struct head column_heads[DESIGNS] = {
	[DESIGN_LINUX_5_7] = {"linux-5.7", "linux", "5.7", "5.7"},
	[DESIGN_LINUX_5_8] = {"linux-5.8", "linux", "5.8", "5.8"},
	[DESIGN_LINUX_5_9_RC] = {"linux-5.9-rc", "linux", "5.9-rc", "9-rc"},
	[DESIGN_LINUX_5_9] = {"linux-5.9", "linux", "5.9", "5.9"},
	[DESIGN_LINUX_5_10] = {"linux-5.10", "linux", "5.10", "5.10"},
	[DESIGN_SYMMETRIC] = {"symmetric", NULL, "symmetric", "symm"},
	[DESIGN_A_OR_B] = {"a-or-b", NULL, "a-or-b", "aorb"},
	[DESIGN_LINUX_5_19] = {"linux-5.19", "linux", "5.19", "5.19"},
	[DESIGN_LINUX_6_2] = {"linux-6.2", "linux", "6.2", "6.2"},
	[DESIGN_HOLDFAST] = {"holdfast", NULL, "holdfast", "hold"},
};

const struct head kernel_head = {"this kernel", "this", "kernel", "kern"};
const struct head model_head = {"model", NULL, "model", "model"};

struct cell cell_make(enum style style, const char *text)
{
	struct cell cell = {.style = style};

	snprintf(cell.text, sizeof(cell.text), "%s", text);
	return cell;
}
