/* SPDX-License-Identifier: MIT */
/* One request, one answer; see xenbus.h. The wire format is public/io/xs_wire.h. */
#include "xenbus.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stddef.h>
#include <string.h>
#include <unistd.h>

#include <public/io/xs_wire.h>

int xenbus_open(const char *path)
{
    int fd = open(path ? path : "/dev/xen/xenbus", O_RDWR | O_CLOEXEC);

    if (fd < 0 && !path && errno == ENOENT)
        fd = open("/proc/xen/xenbus", O_RDWR | O_CLOEXEC);
    return fd;
}

/* The device takes a whole message at a time, and gives an answer in any number of pieces. */
static bool send_all(int fd, const void *data, size_t len)
{
    ssize_t put;

    do
        put = write(fd, data, len);
    while (put < 0 && errno == EINTR);
    if (put >= 0 && (size_t)put != len)
        errno = EIO;
    return put >= 0 && (size_t)put == len;
}

static bool receive_all(int fd, void *data, size_t len)
{
    char *to = data;

    while (len) {
        ssize_t got = read(fd, to, len);

        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0) {
            errno = got ? errno : EPIPE;
            return false;
        }
        to += got;
        len -= (size_t)got;
    }
    return true;
}

/* The store names its errors. */
static int error_number(const char *name)
{
    static const struct {
        const char *name;
        int number;
    } errors[] = {
        {"EINVAL", EINVAL}, {"EACCES", EACCES},   {"EEXIST", EEXIST}, {"ENOENT", ENOENT},
        {"ENOMEM", ENOMEM}, {"ENOSPC", ENOSPC},   {"EIO", EIO},       {"EROFS", EROFS},
        {"EBUSY", EBUSY},   {"EAGAIN", EAGAIN},   {"E2BIG", E2BIG},   {"EPERM", EPERM},
        {"ENOSYS", ENOSYS}, {"EISCONN", EISCONN},
    };

    for (size_t i = 0; i < sizeof(errors) / sizeof(errors[0]); i++)
        if (!strcmp(name, errors[i].name))
            return errors[i].number;
    return EPROTO;
}

int xenbus_write(int fd, const char *path, const char *value)
{
    static uint32_t last_id;
    struct {
        struct xsd_sockmsg head;
        char body[XENSTORE_PAYLOAD_MAX + 1];
    } m;
    size_t path_len = strlen(path) + 1, value_len = strlen(value);

    if (path_len + value_len > XENSTORE_PAYLOAD_MAX) {
        errno = E2BIG;
        return -1;
    }
    m.head = (struct xsd_sockmsg){
        .type = XS_WRITE, .req_id = ++last_id, .len = (uint32_t)(path_len + value_len)};
    memcpy(m.body, path, path_len);
    memcpy(m.body + path_len, value, value_len);
    if (!send_all(fd, &m, sizeof(m.head) + m.head.len) || !receive_all(fd, &m.head, sizeof(m.head)))
        return -1;
    if (m.head.len > XENSTORE_PAYLOAD_MAX || m.head.req_id != last_id) {
        errno = EPROTO;
        return -1;
    }
    if (!receive_all(fd, m.body, m.head.len))
        return -1;
    m.body[m.head.len] = 0;
    if (m.head.type == XS_WRITE)
        return 0;
    errno = m.head.type == XS_ERROR ? error_number(m.body) : EPROTO;
    return -1;
}
