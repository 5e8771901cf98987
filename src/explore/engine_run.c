/*
 * engine_run.c - one execution, from beginning to end
 *
 * Each thread runs up to its next step and stops there.  The search says whose step
 * is made and how; that thread then runs on to its next one.  When all have ended the
 * judge looks.
 */
#include <stdio.h>
#include <string.h>

#include "engine_inside.h"

static unsigned char context_kept[1 << 16];

const struct model_ops *model_ops(void)
{
	return machine.model == MODEL_C11 ? &model_c11 : &model_flat;
}

/* ---- threads -------------------------------------------------------------------------- */

static void thread_body(void *argument)
{
	struct thread *thread = argument;
	const struct program *program = machine.exploration->program;

	program->thread(program->context, machine.self);
	if (thread->locks)
		engine_wrong(WRONG_DEADLOCK, "thread %u has ended with a lock held", machine.self + 1);
	if (thread->open)
		engine_wrong(WRONG_DEADLOCK, "thread %u has ended inside of a section", machine.self + 1);
	thread->over = true;
	engine_stop();
}

/* Up to its next step, or its end. */
static void run_thread(unsigned t)
{
	machine.self = t;
	fiber_switch(&machine.main, &machine.thread[t].fiber);
	machine.self = MAIN;
}

static bool threads_open(void)
{
	for (unsigned t = 0; t < machine.threads; t++)
		if (!machine.thread[t].fiber.stack && !fiber_open(&machine.thread[t].fiber)) {
			engine_wrong(WRONG_LIMIT, "no memory for a thread's stack");
			return false;
		}
	return true;
}

/* ---- the program ------------------------------------------------------------------------- */

bool program_open(void)
{
	const struct program *program = machine.exploration->program;

	machine.self = MAIN;
	machine.wrong = WRONG_NOTHING;
	machine.threads = program->threads;
	machine.actors = machine.model == MODEL_TSO ? CUTS : THREADS;
	memory_open();
	memory_forget();
	if (program->context_bytes > sizeof(context_kept))
		engine_wrong(WRONG_LIMIT, "the program's context is larger than %zu bytes", sizeof(context_kept));
	if (machine.wrong || !threads_open())
		return false;
	if (program->setup)
		program->setup(program->context);
	if (program->context)
		memcpy(context_kept, program->context, program->context_bytes);
	memory_keep();
	return machine.wrong == WRONG_NOTHING;
}

void execution_begin(void)
{
	const struct program *program = machine.exploration->program;

	memory_restore();
	if (program->context)
		memcpy(program->context, context_kept, program->context_bytes);
	machine.location_count = machine.message_count = 0;
	machine.depth = 0;
	machine.wrong = WRONG_NOTHING;
	machine.what[0] = '\0';
	machine.outcome = 0;
	common_begin();
	views_begin();
	for (unsigned t = 0; t < machine.threads; t++) {
		machine.thread[t].over = false;
		machine.thread[t].locks = machine.thread[t].idle = 0;
		fiber_reset(&machine.thread[t].fiber, thread_body, &machine.thread[t]);
	}
	for (unsigned t = 0; t < machine.threads && !machine.wrong; t++)
		run_thread(t);
}

unsigned execution_enabled(void)
{
	unsigned mask = 0;

	for (unsigned actor = 0; actor < machine.actors; actor++) {
		unsigned t = actor_thread(actor);
		bool buffer = actor >= BUFFERS && actor < CUTS;

		if (t >= machine.threads || (buffer ? machine.model != MODEL_TSO : machine.thread[t].over))
			continue;
		if (model_ops()->enabled(actor))
			mask |= 1u << actor;
	}
	return mask;
}

bool execution_is_over(void)
{
	for (unsigned t = 0; t < machine.threads; t++)
		if (!machine.thread[t].over || machine.thread[t].buffered)
			return false;
	return true;
}

static void begin_step(unsigned actor, struct done *done)
{
	*done = (struct done){ .actor = (uint8_t)actor, .from = NONE, .reader = NONE, .previous = NONE };
	if (actor < THREADS) {
		done->kind = machine.thread[actor].step.kind;
		done->location = machine.thread[actor].step.location;
		done->poll = machine.thread[actor].step.poll;
	}
	clock_begin(actor, done);
}

void execution_step(unsigned actor, int asleep, unsigned choice)
{
	struct done *done = &machine.done[machine.depth];

	begin_step(actor, done);
	if (machine.recording)
		record_before(actor, done);
	model_ops()->make(actor, asleep, choice, done);
	clock_end(done);
	if (machine.recording)
		record_after(actor, done);
	machine.depth++;
	if (actor < THREADS && !machine.wrong)
		run_thread(actor);
}

/* Nobody can go on. */
void execution_stuck(void)
{
	bool pause = false;
	char who[128] = "";
	size_t n = 0;

	for (unsigned t = 0; t < machine.threads; t++) {
		const struct thread *thread = &machine.thread[t];
		static const char *const waits[EVENT_KINDS] = {
			[EVENT_LOCK] = "a lock", [EVENT_GRACE_END] = "sections to be left", [EVENT_PAUSE] = "a change",
		};

		if (thread->over || !waits[thread->step.kind])
			continue;
		pause |= thread->step.kind == EVENT_PAUSE;
		n += (size_t)snprintf(who + n, n < sizeof(who) ? sizeof(who) - n : 0, "%sthread %u waits for %s",
				      n ? ", " : "", t + 1, waits[thread->step.kind]);
		if (n >= sizeof(who))
			n = sizeof(who) - 1;
	}
	engine_wrong(pause ? WRONG_WAKEUP : WRONG_DEADLOCK, "nobody can go on: %s", who);
}

void execution_end(void)
{
	const struct program *program = machine.exploration->program;

	if (program->judge)
		wild_judge(program->judge, program->context);
}
