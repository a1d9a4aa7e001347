/* What a command reads and writes instead of the console: files, and pipes between commands. */
#ifndef SHELL_STREAMS_H
#define SHELL_STREAMS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cocos/files.h>

#define PIPE_PATH_BYTES 48

struct streams {
    struct file *input, *output; /* NULL: the console */
    uint64_t offset;             /* in the output, where to write */
    bool output_is_pipe;
    char pipe[PIPE_PATH_BYTES]; /* the path of the pipe that is the input, or empty */
};

/* All return 0, or a status; what was wrong has been printed. */
int streams_input(struct streams *streams, const char *path);
int streams_output(struct streams *streams, const char *path, bool append);

/* What one writes, the next one reads. */
int streams_pipe(struct streams *one, struct streams *next);

/* Writes all of it to the output. */
int streams_write(struct streams *streams, const char *text, size_t bytes);

/* Closes what is open, ends of pipes too: the other end's program is told by that. */
void streams_close(struct streams *streams);

/* Removes the pipe that was the input: nobody will open it any more. */
void streams_end(const struct streams *streams);

#endif
