/*
 * A disk that loses power: of what a process writes below STOFLOW_SHIM_ROOT, only what it synced
 * survives. Loaded with LD_PRELOAD; the mistake that it finds is a promise made before fsync.
 *
 * STOFLOW_SHIM_DISK is what a power cut would leave, by inode: `inodes/KEY` holds a file's content
 * as of its last fsync, `names/KEY` a directory's names as of the directory's, each with its mode. So a file whose
 * directory was not synced has no name, a rename without one has not happened, and what
 * sync_file_range wrote is not there. A KEY is the inode's number and time of birth: numbers are
 * used again.
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <dlfcn.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* A copy that began earlier must not replace one that began later. */
static pthread_mutex_t turn = PTHREAD_MUTEX_INITIALIZER;

/* A shim that cannot keep its book must not let the test go on. */
static void fail(const char *what)
{
    perror(what);
    abort();
}

static int is_below_root(int fd)
{
    const char *root = getenv("STOFLOW_SHIM_ROOT");
    char link[64], path[PATH_MAX];
    if (root == NULL)
        return 0;
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t length = readlink(link, path, sizeof path - 1);
    if (length < 0)
        return 0;
    path[length] = 0;
    size_t prefix = strlen(root);
    return strncmp(path, root, prefix) == 0 && (path[prefix] == '/' || path[prefix] == 0);
}

/* The key of an inode, and whether it is a directory. */
static int key_of(int fd, const char *name, char *key, size_t size)
{
    struct statx found;
    int flags = AT_SYMLINK_NOFOLLOW | (*name == 0 ? AT_EMPTY_PATH : 0);
    if (statx(fd, name, flags, STATX_INO | STATX_TYPE | STATX_BTIME, &found) != 0)
        return -1;
    snprintf(key, size, "%llu-%lld.%09u", (unsigned long long)found.stx_ino,
             (long long)found.stx_btime.tv_sec, found.stx_btime.tv_nsec);
    return S_ISDIR(found.stx_mode) ? 1 : 0;
}

static FILE *begin(const char *disk)
{
    char path[PATH_MAX];
    snprintf(path, sizeof path, "%s/being-written", disk);
    FILE *file = fopen(path, "we");
    if (file == NULL)
        fail(path);
    return file;
}

/* A sync that the power cut falls into has not happened: the copy takes its place whole. */
static void finish(FILE *file, int fd, const char *disk, const char *folder, const char *key)
{
    char from[PATH_MAX], to[PATH_MAX];
    struct stat found;
    if (fstat(fd, &found) != 0 || fchmod(fileno(file), found.st_mode & 0777) != 0)
        fail("fchmod");
    snprintf(from, sizeof from, "%s/being-written", disk);
    snprintf(to, sizeof to, "%s/%s/%s", disk, folder, key);
    if (fclose(file) != 0 || rename(from, to) != 0)
        fail(to);
}

static void keep_content(int fd, const char *disk, const char *key)
{
    char link[64], bytes[1 << 16];
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    /* The descriptor itself may be for writing only. */
    int from = open(link, O_RDONLY | O_CLOEXEC);
    if (from < 0)
        fail(link);
    FILE *file = begin(disk);
    ssize_t length;
    while ((length = read(from, bytes, sizeof bytes)) > 0)
        if (fwrite(bytes, 1, length, file) != (size_t)length)
            fail("fwrite");
    if (length < 0)
        fail("read");
    close(from);
    finish(file, fd, disk, "inodes", key);
}

static void keep_names(int fd, const char *disk, const char *key)
{
    char link[64], named[64];
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    DIR *directory = opendir(link);
    if (directory == NULL)
        fail(link);
    FILE *file = begin(disk);
    struct dirent *entry;
    while ((entry = readdir(directory)) != NULL) {
        if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
            continue;
        int is_directory = key_of(dirfd(directory), entry->d_name, named, sizeof named);
        /* It was removed meanwhile. */
        if (is_directory >= 0)
            fprintf(file, "%c %s %s\n", is_directory ? 'd' : 'f', named, entry->d_name);
    }
    closedir(directory);
    finish(file, fd, disk, "names", key);
}

static int keep(int fd, const char *call)
{
    const char *disk = getenv("STOFLOW_SHIM_DISK");
    char key[64];
    if (disk == NULL || !is_below_root(fd)) {
        int (*next)(int) = (int (*)(int))dlsym(RTLD_NEXT, call);
        return next(fd);
    }
    pthread_mutex_lock(&turn);
    int is_directory = key_of(fd, "", key, sizeof key);
    if (is_directory < 0)
        fail("statx");
    if (is_directory)
        keep_names(fd, disk, key);
    else
        keep_content(fd, disk, key);
    pthread_mutex_unlock(&turn);
    return 0;
}

int fsync(int fd)
{
    return keep(fd, "fsync");
}

int fdatasync(int fd)
{
    return keep(fd, "fdatasync");
}
