/*
 * run_corpus.c - running scenarios one by one
 *
 * What is printed is flushed before the next scenario: the kernel's judge makes
 * processes, and a reader at the other end of a pipe wants to see how far it is.
 */
#include "run_print.h"
#include "trace_colour.h"

#include <stdio.h>
#include <string.h>

/* The command that does what no judge does. */
static void say_who_can(const struct scenario *scenario, struct verdict *verdict)
{
	size_t used = strlen(verdict->reason);

	if (scenario->nthreads && verdict->verdict == VERDICT_SKIPPED)
		snprintf(verdict->reason + used, sizeof(verdict->reason) - used, ": holdfast check %.500s",
			 corpus_handle(scenario));
}

void run_corpus(const struct corpus *corpus, const struct judges *judges, const struct run_printer *printer,
		struct tally *tally)
{
	static struct verdict verdicts[JUDGES];

	if (printer->begin)
		printer->begin(corpus, judges);
	for (size_t i = 0; i < corpus->count; i++) {
		fflush(stdout);
		for (int j = 0; j < judges->count; j++) {
			run_scenario(corpus->scenarios[i], judges->list[j], &verdicts[j]);
			say_who_can(corpus->scenarios[i], &verdicts[j]);
			tally_add(tally, judges->list[j], &verdicts[j]);
		}
		printer->scenario(corpus->scenarios[i], judges, verdicts);
	}
	if (printer->end)
		printer->end(corpus, judges, tally);
}

void run_traced(const struct corpus *corpus, const struct judges *judges, struct tally *tally)
{
	struct verdict verdict;

	for (size_t i = 0; i < corpus->count; i++)
		for (int j = 0; j < judges->count; j++) {
			if (i || j)
				fputc('\n', stdout);
			fflush(stdout);
			trace_run(corpus->scenarios[i], judges->list[j], &verdict);
			if (corpus->scenarios[i]->nthreads)
				printf("holdfast check %s\n", corpus_handle(corpus->scenarios[i]));
			tally_add(tally, judges->list[j], &verdict);
		}
}
