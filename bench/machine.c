/*
 * machine.c - what the figures were measured on, in one line
 *
 * All of it comes from files that may be missing; what can't be read is left out.
 */
#include "world.h"
#include "threads.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

/* The first line of a file that begins so, and what follows that; false: none. */
static bool line_after(const char *path, const char *begins, char *text, size_t room)
{
	FILE *file = fopen(path, "re");
	char buffer[4096];
	bool found = false;

	while (file && !found && fgets(buffer, sizeof(buffer), file)) {
		found = !strncmp(buffer, begins, strlen(begins));
		buffer[strcspn(buffer, "\n")] = '\0';
	}
	if (file)
		fclose(file);
	if (found)
		snprintf(text, room, "%s", buffer + strlen(begins) + strspn(buffer + strlen(begins), " \t:"));
	return found;
}

static void add(struct machine *machine, const char *format, ...) __attribute__((format(printf, 2, 3)));

static void add(struct machine *machine, const char *format, ...)
{
	size_t length = strlen(machine->text);
	va_list list;

	va_start(list, format);
	vsnprintf(machine->text + length, sizeof(machine->text) - length, format, list);
	va_end(list);
}

/* Of "always [madvise] never": madvise. */
static void chosen(char *text)
{
	char *begin = strchr(text, '['), *end = begin ? strchr(begin, ']') : NULL;

	if (!end)
		return;
	*end = '\0';
	memmove(text, begin + 1, (size_t)(end - begin));
}

static void add_huge_pages(struct machine *machine)
{
	static const char directory[] = "/sys/kernel/mm/transparent_hugepage/";
	static const char *const files[] = { "enabled", "shmem_enabled" };

	for (unsigned i = 0; i < 2; i++) {
		char path[80], text[128];

		snprintf(path, sizeof(path), "%s%s", directory, files[i]);
		if (!line_after(path, "", text, sizeof(text)))
			continue;
		chosen(text);
		add(machine, i ? ", of a memfd: %.32s" : "; huge pages: %.32s", text);
	}
}

/* What the library makes of that: the memory of a pool that does not ask for any kind. */
static void add_pool(struct machine *machine)
{
	struct hf_pool_config config = { .size = sizeof(config), .bytes = 64 * MIB };
	struct hf_pool *pool;
	unsigned kind;

	if (hf_pool_create(&config, &pool))
		return;
	kind = hf_pool_memory_kind(pool);
	add(machine, "; pools: %s%s", kind & HF_MEMORY_FILE ? "a memfd" : "anonymous memory",
	    kind & HF_MEMORY_HUGE ? " in huge pages" : "");
	if (hf_pool_destroy(pool))
		wrong("hf_pool_destroy did not destroy an empty pool");
}

/* Where a core is, as a number in sysfs; -1: not told. */
static long place_of(int core, const char *file)
{
	char path[96], text[64];

	snprintf(path, sizeof(path), "/sys/devices/system/cpu/cpu%d/topology/%s", core, file);
	return line_after(path, "", text, sizeof(text)) && *text ? strtol(text, NULL, 10) : -1;
}

/* Is the other core in the list of those that share the core's last cache? */
static void add_cache(struct machine *machine, int core, int other)
{
	char path[96], text[128];
	unsigned long first, last;

	for (unsigned index = 4; index--;) {
		snprintf(path, sizeof(path), "/sys/devices/system/cpu/cpu%d/cache/index%u/shared_cpu_list", core,
			 index);
		if (!line_after(path, "", text, sizeof(text)))
			continue;
		if (sscanf(text, "%lu-%lu", &first, &last) < 2)
			last = first = strtoul(text, NULL, 10);
		add(machine, (unsigned long)other >= first && (unsigned long)other <= last ?
			     ", sharing the last cache" : ", last caches of their own");
		return;
	}
	add(machine, ", caches not told");
}

/* How far the two cores are from each other on which two threads are timed. */
static void add_distance(struct machine *machine)
{
	int cores[2];

	if (threads_cores(cores, 2) < 2)
		return;
	add(machine, "; cores %d and %d: ", cores[0], cores[1]);
	if (place_of(cores[0], "physical_package_id") != place_of(cores[1], "physical_package_id"))
		add(machine, "two packages");
	else if (place_of(cores[0], "core_id") == place_of(cores[1], "core_id"))
		add(machine, "two threads of one core");
	else
		add(machine, "one package");
	add_cache(machine, cores[0], cores[1]);
}

void machine_look(struct machine *machine)
{
	char text[4096];
	struct utsname system;

	*machine = (struct machine){ 0 };
	if (!line_after("/proc/cpuinfo", "model name", text, sizeof(text)))
		snprintf(text, sizeof(text), "unknown processor");
	add(machine, "%.100s", text);
	add(machine, ", %ld cores", sysconf(_SC_NPROCESSORS_ONLN));
	if (line_after("/proc/cpuinfo", "flags", text, sizeof(text)) && strstr(text, " hypervisor"))
		add(machine, " of a virtual machine");
	if (!uname(&system))
		add(machine, ", %s %.60s", system.sysname, system.release);
	if (line_after("/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor", "", text, sizeof(text)))
		add(machine, ", governor %.30s", text);
	add_huge_pages(machine);
	add_pool(machine);
	add_distance(machine);
	if (line_after("/proc/meminfo", "MemAvailable:", text, sizeof(text)))
		machine->free_mib = strtoull(text, NULL, 10) / 1024;
}

void machine_load(char *text, size_t room)
{
	double load;

	snprintf(text, room, "load unknown");
	if (getloadavg(&load, 1) == 1)
		snprintf(text, room, "load %.2f", load);
}
