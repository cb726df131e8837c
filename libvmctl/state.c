/* SPDX-License-Identifier: MIT */
/*
 * The state directory: which VPSes there are, and who is working on one; internal.h describes it.
 * Everything here must survive a SIGKILL at any instruction: what a dead process held is a lock,
 * which the kernel drops, and a file, which says what to clean up.
 */
#include "internal.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

static const char *const suffixes[] = {".xml", ".making", ".again"};

static const char *state_path(void)
{
    const char *path = getenv("MEWS_STATE_DIR");

    return path && path[0] ? path : STATE_DIR;
}

int need_state(struct vmctl *v)
{
    const char *path = state_path();

    if (v->state_dir >= 0)
        return 0;
    if (mkdir(path, 0700) && errno != EEXIST)
        return vmctl_fail(v, "cannot make %s: %s", path, strerror(errno));
    v->state_dir = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (v->state_dir < 0)
        return vmctl_fail(v, "cannot open %s: %s", path, strerror(errno));
    return 0;
}

/* Opened for reading, so that its closing is nothing that the daemon's watch hears of. */
int state_lock(struct vmctl *v)
{
    int fd;

    if (need_state(v))
        return -1;
    fd = openat(v->state_dir, ".lock", O_RDONLY | O_CREAT | O_CLOEXEC, 0600);
    if (fd >= 0 && flock(fd, LOCK_EX)) {
        close(fd);
        fd = -1;
    }
    if (fd < 0)
        vmctl_fail(v, "cannot lock %s: %s", state_path(), strerror(errno));
    return fd;
}

static void file_name(const char *name, enum state_kind kind, char out[128])
{
    snprintf(out, 128, "%s%s", name, suffixes[kind]);
}

/* Writes all of it or nothing: an unlinked file is as if it never was. */
static bool write_whole(int fd, const char *text)
{
    size_t len = strlen(text), done = 0;

    while (done < len) {
        ssize_t n = write(fd, text + done, len - done);

        if (n <= 0)
            return false;
        done += (size_t)n;
    }
    return true;
}

int state_check_name(struct vmctl *v, const char *name)
{
    char path[128];
    struct stat st;

    for (int kind = STATE_RUNNING; kind <= STATE_AGAIN; kind++) {
        file_name(name, (enum state_kind)kind, path);
        if (!fstatat(v->state_dir, path, &st, 0))
            return vmctl_fail(v,
                              "a VPS named %s is there already: choose another <name>, or "
                              "destroy that one",
                              name);
    }
    return 0;
}

int state_new(struct vmctl *v, const struct config *config, struct state_file *file)
{
    char name[128], *text;

    if (state_check_name(v, config->name))
        return -1;
    text = config_write(config);
    if (!text)
        return vmctl_fail(v, "out of memory");
    strcpy(file->name, config->name);
    file->kind = STATE_MAKING;
    file_name(config->name, STATE_MAKING, name);
    /* Open for writing until it is done: the closing tells the daemon's watch, whoever closes. */
    file->fd = openat(v->state_dir, name, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (file->fd < 0 || flock(file->fd, LOCK_EX | LOCK_NB) || !write_whole(file->fd, text)) {
        vmctl_fail(v, "cannot write %s/%s: %s", state_path(), name, strerror(errno));
        if (file->fd >= 0)
            unlinkat(v->state_dir, name, 0);
        state_close(file);
        free(text);
        return -1;
    }
    free(text);
    return 0;
}

/* state_open() with the directory's lock held. */
static int open_locked(struct vmctl *v, const char *name, enum state_kind kind,
                       struct state_file *file)
{
    char path[128];
    struct stat ours, now;

    file_name(name, kind, path);
    /* A running VPS's file is opened to be changed: see state_new() on why for writing. */
    file->fd = openat(v->state_dir, path, (kind == STATE_RUNNING ? O_RDWR : O_RDONLY) | O_CLOEXEC);
    if (file->fd < 0)
        return 1;
    if (flock(file->fd, LOCK_EX | LOCK_NB)) {
        state_close(file);
        return 2;
    }
    /* Its holder may have renamed it between our open and our lock. */
    if (fstat(file->fd, &ours) || fstatat(v->state_dir, path, &now, 0) ||
        ours.st_ino != now.st_ino) {
        state_close(file);
        return 1;
    }
    snprintf(file->name, sizeof(file->name), "%s", name);
    file->kind = kind;
    return 0;
}

int state_open(struct vmctl *v, const char *name, enum state_kind kind, struct state_file *file)
{
    int lock = state_lock(v), ret;

    file->fd = -1;
    if (lock < 0)
        return -1;
    ret = open_locked(v, name, kind, file);
    close(lock);
    return ret;
}

int state_become(struct vmctl *v, struct state_file *file, enum state_kind kind)
{
    char from[128], to[128];
    int lock = state_lock(v), ret = 0;

    if (lock < 0)
        return -1;
    file_name(file->name, file->kind, from);
    file_name(file->name, kind, to);
    if (renameat(v->state_dir, from, v->state_dir, to))
        ret = vmctl_fail(v, "cannot rename %s/%s: %s", state_path(), from, strerror(errno));
    else
        file->kind = kind;
    close(lock);
    return ret;
}

/*
 * Another file takes its name, locked before it does: a reader has the old text or the new one, and
 * nobody finds it unlocked. What a killed writer left is written over by the next one.
 */
int state_update(struct vmctl *v, struct state_file *file, const struct config *config)
{
    char name[128], temporary[128], *text = config_write(config);
    int lock, fd = -1, ret = -1;

    if (!text)
        return vmctl_fail(v, "out of memory");
    file_name(file->name, file->kind, name);
    snprintf(temporary, sizeof(temporary), ".new-%s", file->name);
    lock = state_lock(v);
    if (lock >= 0) {
        fd = openat(v->state_dir, temporary, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
        if (fd >= 0 && !flock(fd, LOCK_EX | LOCK_NB) && write_whole(fd, text))
            ret = renameat(v->state_dir, temporary, v->state_dir, name);
        if (ret) {
            vmctl_fail(v, "cannot write %s/%s: %s", state_path(), name, strerror(errno));
            unlinkat(v->state_dir, temporary, 0);
        }
        close(lock);
    }
    if (!ret) {
        state_close(file);
        file->fd = fd;
    } else if (fd >= 0) {
        close(fd);
    }
    free(text);
    return ret;
}

void state_remove(struct vmctl *v, struct state_file *file)
{
    char path[128];

    if (file->fd < 0)
        return;
    file_name(file->name, file->kind, path);
    unlinkat(v->state_dir, path, 0);
    state_close(file);
}

void state_close(struct state_file *file)
{
    if (file->fd >= 0)
        close(file->fd);
    file->fd = -1;
}

/* Reads the whole file; freed with free(). NULL: not readable. */
static char *read_text(int fd, size_t *size)
{
    char *text = malloc(CONFIG_FILE_MAX);
    ssize_t got;

    *size = 0;
    while (text && *size < CONFIG_FILE_MAX &&
           (got = pread(fd, text + *size, CONFIG_FILE_MAX - *size, (off_t)*size)) > 0)
        *size += (size_t)got;
    return text;
}

struct config *state_config(struct vmctl *v, const struct state_file *file)
{
    struct config_messages messages = {.warn = NULL};
    struct config *config = NULL;
    size_t size;
    char *text = read_text(file->fd, &size);

    if (!text) {
        vmctl_fail(v, "out of memory");
        return NULL;
    }
    config = config_parse(file->name, text, size, &messages);
    if (!config)
        vmctl_fail(v, "%s", messages.error);
    free(text);
    return config;
}

struct config *state_peek(struct vmctl *v, const char *name, enum state_kind kind)
{
    struct state_file file = {.kind = kind};
    struct config *config = NULL;
    char path[128];

    snprintf(file.name, sizeof(file.name), "%s", name);
    file_name(name, kind, path);
    file.fd = openat(v->state_dir, path, O_RDONLY | O_CLOEXEC);
    if (file.fd >= 0)
        config = state_config(v, &file);
    state_close(&file);
    return config;
}

/* Copies what stands between two marks in a text. */
static bool between(const char *text, const char *from, const char *to, char *out, size_t size)
{
    const char *start = strstr(text, from), *end;

    if (!start)
        return false;
    start += strlen(from);
    end = strstr(start, to);
    if (!end || (size_t)(end - start) >= size)
        return false;
    memcpy(out, start, (size_t)(end - start));
    out[end - start] = 0;
    return true;
}

bool state_head(struct vmctl *v, const char *name, enum state_kind kind, uint8_t uuid[16],
                uint64_t *max_kib)
{
    char path[128], text[512], word[64];
    ssize_t got;
    int fd;

    file_name(name, kind, path);
    fd = openat(v->state_dir, path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return false;
    got = read(fd, text, sizeof(text) - 1);
    close(fd);
    if (got <= 0)
        return false;
    text[got] = 0;
    *max_kib = 0;
    if (between(text, "<memory unit=\"KiB\">", "</memory>", word, sizeof(word)))
        *max_kib = strtoull(word, NULL, 10);
    return between(text, "<uuid>", "</uuid>", word, sizeof(word)) && config_uuid_parse(word, uuid);
}

bool state_uuid(struct vmctl *v, const char *name, enum state_kind kind, uint8_t uuid[16])
{
    uint64_t max_kib;

    return state_head(v, name, kind, uuid, &max_kib);
}

int state_each(struct vmctl *v, state_fn fn, void *context)
{
    struct dirent *entry;
    int ret = 0, fd;
    DIR *dir;

    fd = openat(v->state_dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    dir = fd >= 0 ? fdopendir(fd) : NULL;
    if (!dir) {
        if (fd >= 0)
            close(fd);
        return vmctl_fail(v, "cannot read %s: %s", state_path(), strerror(errno));
    }
    while (ret == 0 && (entry = readdir(dir)) != NULL) {
        char *dot = strrchr(entry->d_name, '.');

        if (!dot || dot == entry->d_name)
            continue;
        for (int kind = STATE_RUNNING; kind <= STATE_AGAIN; kind++) {
            if (strcmp(dot, suffixes[kind]))
                continue;
            *dot = 0;
            if (config_name_ok(entry->d_name))
                ret = fn(v, entry->d_name, (enum state_kind)kind, context);
            break;
        }
    }
    closedir(dir);
    return ret;
}

/* Kept as a link: one call reads it, and it cannot be half written. */
static void whole_names(const struct stat *st, char name[64], char target[128])
{
    snprintf(name, 64, ".whole-%llx-%llx", (unsigned long long)st->st_dev,
             (unsigned long long)st->st_ino);
    snprintf(target, 128, "%lld-%lld.%09ld-%lld.%09ld", (long long)st->st_size,
             (long long)st->st_mtim.tv_sec, st->st_mtim.tv_nsec, (long long)st->st_ctim.tv_sec,
             st->st_ctim.tv_nsec);
}

bool state_is_whole(struct vmctl *v, const struct stat *st)
{
    char name[64], target[128], found[128];
    ssize_t len;

    whole_names(st, name, target);
    len = readlinkat(v->state_dir, name, found, sizeof(found));
    return len > 0 && (size_t)len == strlen(target) && !memcmp(found, target, (size_t)len);
}

void state_set_whole(struct vmctl *v, const struct stat *st)
{
    char name[64], target[128];

    whole_names(st, name, target);
    unlinkat(v->state_dir, name, 0);
    if (symlinkat(target, v->state_dir, name) && errno != EEXIST)
        vmctl_warn(v, "cannot write %s/%s: %s", state_path(), name, strerror(errno));
}
