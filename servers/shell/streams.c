#include "streams.h"

#include <stdio.h>

#include <cocos/errors.h>
#include <cocos/service.h>

#include "shell.h"

#define MODE_FILE 0644u
#define MODE_PIPE 0600u

/* How many names of pipes are tried: an earlier shell may have left some. */
#define PIPE_TRIES 100

int streams_input(struct streams *streams, const char *path)
{
    struct file_status status;
    int64_t error = file_open(path, FILES_READ_ACCESS, &streams->input);
    if (error < 0) {
        streams->input = NULL;
        return command_failed(path, error);
    }
    error = file_status(streams->input, &status);
    if (error == OK && (status.mode & FILES_TYPE_MASK) == FILES_TYPE_DIRECTORY)
        error = E_IS_DIRECTORY;
    return error < 0 ? command_failed(path, error) : 0;
}

/* Opens a file to write, and makes it first if there is none. */
static int64_t open_output(const char *path, uint32_t access, struct file **file)
{
    int64_t error = file_open(path, access, file);
    if (error == E_NO_FILE) {
        error = files_create(path, MODE_FILE);
        if (error == OK || error == E_EXISTS)
            error = file_open(path, access, file);
    }
    return error;
}

int streams_output(struct streams *streams, const char *path, bool append)
{
    struct file_status status = {0};
    uint32_t access = FILES_WRITE_ACCESS | (append ? 0 : FILES_TRUNCATE);
    int64_t error = open_output(path, access, &streams->output);
    if (error < 0)
        streams->output = NULL;
    else if (append)
        error = file_status(streams->output, &status);
    streams->offset = status.bytes;
    return error < 0 ? command_failed(path, error) : 0;
}

int streams_pipe(struct streams *one, struct streams *next)
{
    static uint32_t count;
    const struct process_page *page = (const void *)PROCESS_PAGE;
    int64_t error = E_EXISTS;
    for (uint32_t tries = 0; error == E_EXISTS && tries < PIPE_TRIES; tries++) {
        snprintf(next->pipe, sizeof next->pipe, "/tmp/.pipe-%u-%u", page->number, ++count);
        error = files_create(next->pipe, FILES_PIPE | MODE_PIPE);
    }
    if (error < 0)
        next->pipe[0] = 0;
    if (error == OK)
        error = file_open(next->pipe, FILES_WRITE_ACCESS, &one->output);
    if (error < 0) {
        one->output = NULL;
        return command_failed("pipe", error);
    }
    one->output_is_pipe = true;
    error = file_open(next->pipe, FILES_READ_ACCESS, &next->input);
    if (error < 0)
        next->input = NULL;
    return error < 0 ? command_failed("pipe", error) : 0;
}

int streams_write(struct streams *streams, const char *text, size_t bytes)
{
    int64_t done = 0;
    if (bytes > 0 && streams->output_is_pipe)
        done = file_resize(streams->output, bytes); /* so that writing does not wait */
    if (bytes > 0 && done >= 0)
        done = file_write(streams->output, streams->offset, text, bytes);
    if (done < 0)
        return command_failed(file_path(streams->output), done);
    return (uint64_t)done == bytes ? 0 : command_failed(file_path(streams->output), E_NO_SPACE);
}

static void close_one(struct file **file)
{
    if (*file)
        file_close(*file);
    *file = NULL;
}

void streams_close(struct streams *streams)
{
    close_one(&streams->output);
    close_one(&streams->input);
}

void streams_end(const struct streams *streams)
{
    if (streams->pipe[0])
        files_remove(streams->pipe, 0);
}
