#include "config.h"

#include "options.h"
#include "run.h"

int
main(int argc, char **argv)
{
	struct options options;

	options_read(&options, argc, argv);
	int status = run(&options);
	options_free(&options);
	return status;
}
