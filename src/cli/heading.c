/*
 * heading.c - what stands above the table of promises
 *
 * A table says more than it should when nobody says what it measured: the
 * columns of the designs are models, and only the kernel's is a kernel.
 */
#include "heading.h"

#include "kernel.h"

#define MODELS \
	"The columns of the designs are models on the library: linux-5.7 and its like are no kernels that were run. "
#define PROMISES "The promises are Holdfast's; Linux never made them."

/* Wrapped, and two columns further in. */
static void print_line(const char *text, FILE *out, struct term term)
{
	print_wrapped(out, term, 0, 2, text);
}

/*
 * Why the column has gaps, and what would fill it.  The long-term read pin is
 * none of these: no system call takes one for anybody.
 */
static void print_missing(FILE *out, struct term term)
{
	const struct kernel_probe *probe = kernel_probe();
	char text[400];
	int kind = 0;

	while (kind < KERNEL_KINDS && (kind == KERNEL_READ_LONG || probe->kinds[kind].possible))
		kind++;
	if (kind == KERNEL_KINDS)
		return;
	if (probe->uid && probe->unprivileged_uffd == 0)
		snprintf(text, sizeof(text),
			 "this user can't hold every kind of pin; what fills its column: root, or "
			 "vm.unprivileged_userfaultfd=1");
	else
		snprintf(text, sizeof(text), "its column has gaps (%s); `holdfast kernel` says more",
			 probe->kinds[kind].reason);
	print_line(text, out, term);
}

static void print_kernel(FILE *out, struct term term)
{
	char text[128];

	snprintf(text, sizeof(text), "this kernel is Linux %s, asked just now: its column is measured",
		 kernel_probe()->release);
	print_line(text, out, term);
	print_missing(out, term);
	fputc('\n', out);
}

void heading_print(const struct judges *judges, FILE *out, struct term term)
{
	bool designs = false, kernel = false;

	for (int c = 0; c < judges->count; c++) {
		designs = designs || judges->list[c]->design >= 0;
		kernel = kernel || judge_is_kernel(judges->list[c]);
	}
	print_title(out, term, "Which promises hold");
	fputc('\n', out);
	print_line(designs ? MODELS PROMISES : PROMISES, out, term);
	fputc('\n', out);
	if (kernel)
		print_kernel(out, term);
}
