/*
 * A disk that fails: one write or sync below STOFLOW_SHIM_ROOT, the STOFLOW_SHIM_NTH of the process,
 * ends with STOFLOW_SHIM_ERROR (5 is EIO, 28 ENOSPC), and so do all later ones if STOFLOW_SHIM_LASTS
 * is set. With STOFLOW_SHIM_SHORT the first one, if it is a write, writes half and says so. Loaded
 * with LD_PRELOAD; the mistake that it finds is an acknowledgement of what the disk refused.
 *
 * What failed is appended to STOFLOW_SHIM_TOLD, so that a test knows that something did.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <unistd.h>

static atomic_long calls;

enum outcome { PASSES, FAILS, IS_SHORT };

#define NEXT(type, name) ((type)dlsym(RTLD_NEXT, name))

static long number(const char *name)
{
    const char *text = getenv(name);
    return text == NULL ? 0 : atol(text);
}

static int is_below_root(int fd, char *path)
{
    const char *root = getenv("STOFLOW_SHIM_ROOT");
    char link[64];
    if (root == NULL)
        return 0;
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t length = readlink(link, path, PATH_MAX - 1);
    if (length < 0)
        return 0;
    path[length] = 0;
    size_t prefix = strlen(root);
    return strncmp(path, root, prefix) == 0 && (path[prefix] == '/' || path[prefix] == 0);
}

static void tell(const char *call, const char *path, const char *what)
{
    char line[PATH_MAX + 64];
    const char *told = getenv("STOFLOW_SHIM_TOLD");
    if (told == NULL)
        return;
    int fd = open(told, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    int length = snprintf(line, sizeof line, "%s %s %s\n", call, what, path);
    /* Past our own write: told lies outside the root. */
    if (fd < 0 || write(fd, line, length) != length)
        abort();
    close(fd);
}

static enum outcome outcome(int fd, const char *call, int writes)
{
    char path[PATH_MAX];
    if (!is_below_root(fd, path))
        return PASSES;
    long nth = number("STOFLOW_SHIM_NTH"), now = atomic_fetch_add(&calls, 1) + 1;
    if (now < nth || (now > nth && !number("STOFLOW_SHIM_LASTS")))
        return PASSES;
    if (now == nth && writes && number("STOFLOW_SHIM_SHORT")) {
        tell(call, path, "short");
        return IS_SHORT;
    }
    if (now == nth)
        tell(call, path, "failed");
    errno = (int)number("STOFLOW_SHIM_ERROR");
    return FAILS;
}

ssize_t write(int fd, const void *bytes, size_t length)
{
    enum outcome is = outcome(fd, "write", 1);
    if (is == FAILS)
        return -1;
    return NEXT(ssize_t (*)(int, const void *, size_t), "write")(
        fd, bytes, is == IS_SHORT ? (length + 1) / 2 : length);
}

ssize_t pwrite64(int fd, const void *bytes, size_t length, off64_t at)
{
    enum outcome is = outcome(fd, "pwrite", 1);
    if (is == FAILS)
        return -1;
    return NEXT(ssize_t (*)(int, const void *, size_t, off64_t), "pwrite64")(
        fd, bytes, is == IS_SHORT ? (length + 1) / 2 : length, at);
}

ssize_t pwrite(int fd, const void *bytes, size_t length, off_t at)
{
    return pwrite64(fd, bytes, length, at);
}

ssize_t writev(int fd, const struct iovec *parts, int count)
{
    enum outcome is = outcome(fd, "writev", 1);
    if (is == FAILS)
        return -1;
    return NEXT(ssize_t (*)(int, const struct iovec *, int), "writev")(
        fd, parts, is == IS_SHORT ? 1 : count);
}

/* By which files are copied. */
ssize_t copy_file_range(int from, off64_t *from_at, int to, off64_t *to_at, size_t length,
                        unsigned flags)
{
    enum outcome is = outcome(to, "copy_file_range", 1);
    if (is == FAILS)
        return -1;
    return NEXT(ssize_t (*)(int, off64_t *, int, off64_t *, size_t, unsigned), "copy_file_range")(
        from, from_at, to, to_at, is == IS_SHORT ? (length + 1) / 2 : length, flags);
}

int fsync(int fd)
{
    return outcome(fd, "fsync", 0) == FAILS ? -1 : NEXT(int (*)(int), "fsync")(fd);
}

int fdatasync(int fd)
{
    return outcome(fd, "fdatasync", 0) == FAILS ? -1 : NEXT(int (*)(int), "fdatasync")(fd);
}
