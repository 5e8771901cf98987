/*
 * mutate.c - each order and fence of the core weakened in turn, under scenarios
 * until one notices
 *
 * First every scenario runs as it is: one that is violated anyhow notices nothing.
 * Then each mutant meets the scenarios one by one, those first that noticed others
 * near it, then the quick ones.  A mutant that none notices is an order that is not
 * needed, or a scenario that nobody has written yet.
 */
#include "mutate.h"

#include "must.h"

#include <string.h>

enum { SECONDS_EACH = 20 };

/* One mutant under one scenario. */
struct trial {
	struct check_run run;
	struct mutant *mutant;
	struct witness *witness;
	struct trial *next;
};

/* ---- as it is ----------------------------------------------------------------------------- */

static struct check_run *next_plain(void *context)
{
	struct mutation *m = context;

	return m->started < m->nwitnesses ? &m->witnesses[m->started++].plain : NULL;
}

static void plain_ended(struct check_run *run, void *context)
{
	struct witness *witness = (struct witness *)((char *)run - offsetof(struct witness, plain));

	(void)context;
	run->ended = true;
	witness->usable = !run->trouble && (run->result.verdict == EXPLORE_PROVED ||
					    run->result.verdict == EXPLORE_UNFINISHED);
}

static void tick_plain(struct check_run *const *running, unsigned count, void *context)
{
	const struct mutation *m = context;

	progress_show(running, count, m->started - count, m->nwitnesses, m->settings.progress);
}

static void run_plain(struct mutation *m)
{
	struct check_source source = {next_plain, plain_ended, tick_plain, m};

	check_work(&source, m->settings.jobs);
	progress_clear();
	m->started = 0;
}

/* ---- which scenario next ------------------------------------------------------------------ */

/* How likely it is to notice: has it noticed others of that function, that file, any? */
static unsigned hope(const struct mutation *m, const struct mutant *mutant, const struct witness *witness)
{
	unsigned sum = witness->catches;

	if (!sum)
		return 0;
	for (size_t i = 0; i < m->nmutants; i++) {
		const struct mutant *other = &m->mutants[i];

		if (other->caught_by != witness || strcmp(other->site->file, mutant->site->file) != 0)
			continue;
		sum += strcmp(other->site->function, mutant->site->function) ? 10 : 100;
	}
	return sum;
}

/* Where no step came from in any execution, a weaker order changes nothing. */
static bool reaches(const struct witness *witness, const struct mutant *mutant)
{
	const struct explore_result *plain = &witness->plain.result;

	return plain->verdict != EXPLORE_PROVED || mutant->index >= EXPLORE_MUTANTS ||
	       plain->reached[mutant->index / 64] >> mutant->index % 64 & 1;
}

static bool is_quicker(const struct witness *a, const struct witness *b)
{
	bool a_ends = a->plain.result.verdict == EXPLORE_PROVED, b_ends = b->plain.result.verdict == EXPLORE_PROVED;

	return a_ends != b_ends ? a_ends : a->plain.result.executions < b->plain.result.executions;
}

static struct witness *choose_witness(const struct mutation *m, const struct mutant *mutant)
{
	struct witness *best = NULL;
	unsigned best_hope = 0;

	for (size_t i = 0; i < m->nwitnesses; i++) {
		struct witness *witness = &m->witnesses[i];
		unsigned its_hope;

		if (!witness->usable || mutant->tried[i] || !reaches(witness, mutant))
			continue;
		its_hope = hope(m, mutant, witness);
		if (!best || its_hope > best_hope || (its_hope == best_hope && is_quicker(witness, best))) {
			best = witness;
			best_hope = its_hope;
		}
	}
	return best;
}

/* ---- trials ------------------------------------------------------------------------------- */

static struct check_run *start_trial(struct mutation *m, struct mutant *mutant, struct witness *witness)
{
	struct trial *trial = must(calloc(1, sizeof(*trial)));

	trial->run = (struct check_run){.scenario = witness->scenario, .options = witness->plain.options};
	trial->run.options.mutant = mutant->site->name;
	trial->mutant = mutant;
	trial->witness = witness;
	trial->next = m->trials;
	m->trials = trial;
	mutant->tried[witness - m->witnesses] = true;
	mutant->under_way++;
	mutant->reached = true;
	return &trial->run;
}

static bool notices(const struct check_run *run)
{
	if (run->trouble)
		return !run->hangs;
	return run->result.verdict == EXPLORE_VIOLATED || run->result.verdict == EXPLORE_EMPTY;
}

static void call_off_others(struct mutation *m, const struct mutant *mutant)
{
	for (struct trial *trial = m->trials; trial; trial = trial->next)
		trial->run.unwanted = trial->run.unwanted || (trial->mutant == mutant && !trial->run.ended);
}

static void note_catch(struct mutation *m, struct trial *trial)
{
	struct mutant *mutant = trial->mutant;

	mutant->caught_by = trial->witness;
	mutant->result = trial->run.result;
	mutant->died = trial->run.trouble;
	trial->witness->catches++;
	call_off_others(m, mutant);
}

static void note_unfinished(struct trial *trial)
{
	struct mutant *mutant = trial->mutant;
	size_t used = strlen(mutant->hindered);

	/* One that is not finished anyhow says nothing of the mutant. */
	if (trial->witness->plain.result.verdict != EXPLORE_PROVED)
		return;
	mutant->unfinished++;
	snprintf(mutant->hindered + used, sizeof(mutant->hindered) - used, "%s%s", used ? ", " : "",
		 trial->witness->scenario->name);
}

static void decide(struct mutation *m, struct mutant *mutant)
{
	struct survivor *explained = survivors_find(&m->survivors, mutant->site);

	mutant->decided = true;
	m->decided++;
	if (explained)
		explained->known++;
	if (explained && !mutant->caught_by) {
		explained->survive++;
		mutant->explained = explained;
	}
	while (m->printed < m->nmutants && m->mutants[m->printed].decided) {
		progress_clear();
		mutate_print_mutant(m, &m->mutants[m->printed++]);
		fflush(stdout);
	}
}

/* One at a time for each mutant; more only when there is nothing else to do. */
static struct check_run *next_trial(void *context)
{
	struct mutation *m = context;

	for (int idle = 0; idle < 2; idle++)
		for (size_t i = m->printed; i < m->nmutants; i++) {
			struct mutant *mutant = &m->mutants[i];
			struct witness *witness = NULL;

			if (mutant->decided || (mutant->under_way && !idle))
				continue;
			witness = choose_witness(m, mutant);
			if (witness)
				return start_trial(m, mutant, witness);
			if (!mutant->under_way)
				decide(m, mutant);	/* no scenario comes there */
		}
	return NULL;
}

static void trial_ended(struct check_run *run, void *context)
{
	struct mutation *m = context;
	struct trial *trial = (struct trial *)((char *)run - offsetof(struct trial, run));
	struct mutant *mutant = trial->mutant;

	run->ended = true;
	mutant->under_way--;
	if (notices(run))
		note_catch(m, trial);
	else if (run->trouble || run->result.verdict == EXPLORE_UNFINISHED)
		note_unfinished(trial);
	if (mutant->caught_by || (!mutant->under_way && !choose_witness(m, mutant)))
		decide(m, mutant);
}

static void tick_trials(struct check_run *const *running, unsigned count, void *context)
{
	const struct mutation *m = context;

	progress_show(running, count, m->decided, m->nmutants, m->settings.progress);
}

/* ---- all of it ---------------------------------------------------------------------------- */

static void add_witness(struct mutation *m, const struct scenario *scenario)
{
	struct witness *witness = &m->witnesses[m->nwitnesses];

	if (!(check_designs(scenario, 0) & 1u << DESIGN_HOLDFAST) || scenario->broken_under & 1u << DESIGN_HOLDFAST)
		return;
	m->nwitnesses++;
	witness->scenario = scenario;
	witness->plain.scenario = scenario;
	witness->plain.options = m->settings.options;
	witness->plain.options.design = DESIGN_HOLDFAST;
	witness->plain.options.mutant = NULL;
}

static int by_place(const void *a, const void *b)
{
	const struct mutant *one = a, *other = b;
	int difference = strcmp(one->site->file, other->site->file);

	if (!difference)
		difference = (int)one->site->line - (int)other->site->line;
	return difference ? difference : (one->index > other->index) - (one->index < other->index);
}

static void add_mutants(struct mutation *m)
{
	const char *wanted = m->settings.options.mutant;
	const struct explore_site *sites;
	size_t count = explore_sites(&sites);

	m->mutants = must(calloc(count + 1, sizeof(*m->mutants)));
	m->whole = !wanted;
	for (size_t i = 0; i < count; i++) {
		if (wanted && strncmp(sites[i].name, wanted, strlen(wanted)) != 0)
			continue;
		m->mutants[m->nmutants++] = (struct mutant){
			.site = &sites[i], .index = i, .tried = must(calloc(m->nwitnesses + 1, sizeof(bool))),
		};
	}
	if (m->nmutants)
		qsort(m->mutants, m->nmutants, sizeof(*m->mutants), by_place);
}

static void forget(struct mutation *m)
{
	for (struct trial *trial = m->trials, *next; trial; trial = next) {
		next = trial->next;
		free(trial->run.story);
		free(trial->run.data);
		free(trial);
	}
	for (size_t i = 0; i < m->nmutants; i++)
		free(m->mutants[i].tried);
	free(m->mutants);
	free(m->witnesses);
	survivors_free(&m->survivors);
}

static enum exit_code status_of(const struct mutation *m)
{
	bool good = true;

	for (size_t i = 0; i < m->nmutants; i++)
		good = good && (m->mutants[i].caught_by || m->mutants[i].explained);
	for (size_t i = 0; i < m->nwitnesses; i++)
		good = good && m->witnesses[i].usable;
	for (size_t i = 0; i < m->survivors.count; i++)
		good = good && (m->survivors.list[i].survive || (!m->whole && !m->survivors.list[i].known));
	return good ? EXIT_EXPECTED : EXIT_UNEXPECTED;
}

static bool any_usable(const struct mutation *m)
{
	for (size_t i = 0; i < m->nwitnesses; i++)
		if (m->witnesses[i].usable)
			return true;
	return false;
}

static enum exit_code run_mutants(struct mutation *m)
{
	struct check_source source = {next_trial, trial_ended, tick_trials, m};
	double began = check_now();

	run_plain(m);
	mutate_print_plain(m);
	if (!any_usable(m)) {
		complain("no scenario is proved under holdfast as it is: none can notice a mutant");
		return EXIT_UNEXPECTED;
	}
	check_work(&source, m->settings.jobs);
	progress_clear();
	m->seconds = check_now() - began;
	mutate_print_sum(m);
	return status_of(m);
}

enum exit_code mutate_run(const struct corpus *corpus, const struct check_settings *settings, bool json,
			  const char *survivors)
{
	struct mutation m = {.settings = *settings, .json = json};
	enum exit_code status = EXIT_BAD_INPUT;

	if (m.settings.options.seconds_most <= 0)
		m.settings.options.seconds_most = SECONDS_EACH;
	m.witnesses = must(calloc(corpus->count + 1, sizeof(*m.witnesses)));
	for (size_t i = 0; i < corpus->count; i++)
		add_witness(&m, corpus->scenarios[i]);
	add_mutants(&m);
	if (!m.nmutants)
		complain("no mutant begins with %s; `holdfast check --mutate` names them as it tries them",
			 settings->options.mutant ? settings->options.mutant : "anything");
	else if (survivors_read(&m.survivors, survivors))
		status = run_mutants(&m);
	forget(&m);
	return corpus->bad ? EXIT_BAD_INPUT : status;
}
