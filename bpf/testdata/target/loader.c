/* Loads a library when the first line comes, and calls its function for each. */
#include <dlfcn.h>
#include <stdio.h>

int main(int argc, char **argv)
{
	int (*call)(int) = 0;
	char line[256];
	int n = 0;

	while (fgets(line, sizeof(line), stdin)) {
		if (!call) {
			void *library = dlopen(argv[argc - 1], RTLD_NOW);

			call = library ? dlsym(library, "ebpfx_call") : 0;
			if (!call) {
				fprintf(stderr, "%s\n", dlerror());
				return 1;
			}
		}
		printf("%d\n", call(n++));
		fflush(stdout);
	}
	return 0;
}
