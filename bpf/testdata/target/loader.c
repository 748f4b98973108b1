/* Loads a library when the first line comes, and calls its functions for each. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdio.h>

typedef int function(int);

int main(int argc, char **argv)
{
	function *call = 0, *old = 0, *new = 0;
	char line[256];
	int n = 0;

	while (fgets(line, sizeof(line), stdin)) {
		if (!call) {
			void *library = dlopen(argv[argc - 1], RTLD_NOW);

			if (library) {
				call = dlsym(library, "ebpfx_call");
				old = dlvsym(library, "ebpfx_versioned", "EBPFX_1");
				new = dlvsym(library, "ebpfx_versioned", "EBPFX_2");
			}
			if (!call || !old || !new) {
				fprintf(stderr, "%s\n", dlerror());
				return 1;
			}
		}
		printf("%d\n", call(n) + old(n) + new(n));
		n++;
		fflush(stdout);
	}
	return 0;
}
