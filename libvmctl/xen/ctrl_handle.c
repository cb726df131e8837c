/* SPDX-License-Identifier: MIT */
/*
 * libxenctrl: the handle and its errors, see xenctrl.h. It must never print but through the handle's
 * logger.
 */
#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "ctrl.h"

xc_interface *xc_interface_open(xentoollog_logger *logger, xentoollog_logger *dombuild_logger,
                                unsigned open_flags)
{
    xc_interface *xch = calloc(1, sizeof(*xch));
    unsigned int flags = open_flags & XC_OPENFLAG_NON_REENTRANT ? XENCALL_OPENFLAG_NON_REENTRANT : 0;

    (void)dombuild_logger;
    if (!xch)
        return NULL;
    if (!logger) {
        xch->own_logger = (xentoollog_logger *)xtl_createlogger_stdiostream(stderr, XTL_PROGRESS, 0);
        logger = xch->own_logger;
    }
    xch->logger = logger;
    if (!logger)
        goto failed;
    if (open_flags & XC_OPENFLAG_DUMMY)
        return xch;
    xch->call = xencall_open(logger, flags);
    if (!xch->call)
        goto failed;
    xch->memory = xenforeignmemory_open(logger, 0);
    if (!xch->memory)
        goto failed;
    return xch;

failed: {
    int error = errno;

    xc_interface_close(xch);
    errno = error;
    return NULL;
}
}

int xc_interface_close(xc_interface *xch)
{
    int ret;

    if (!xch)
        return 0;
    ret = xencall_close(xch->call);
    if (xenforeignmemory_close(xch->memory))
        ret = -1;
    xtl_logger_destroy(xch->own_logger);
    free(xch);
    return ret;
}

struct xencall_handle *xc_interface_xcall_handle(xc_interface *xch)
{
    return xch->call;
}

struct xenforeignmemory_handle *xc_interface_fmem_handle(xc_interface *xch)
{
    return xch->memory;
}

int ctrl_error(xc_interface *xch, xc_error_code code, const char *format, ...)
{
    int error = errno;
    va_list args;

    va_start(args, format);
    xch->last_error.code = code;
    vsnprintf(xch->last_error.message, sizeof(xch->last_error.message), format, args);
    va_end(args);
    xtl_log(xch->logger, XTL_ERROR, error, "xc", "%s", xch->last_error.message);
    errno = error;
    return -1;
}

const char *xc_error_code_to_desc(int code)
{
    static const char *const names[] = {
        [XC_ERROR_NONE] = "no error",
        [XC_INTERNAL_ERROR] = "internal error",
        [XC_INVALID_KERNEL] = "kernel that cannot be used",
        [XC_INVALID_PARAM] = "parameter that cannot be used",
        [XC_OUT_OF_MEMORY] = "out of memory",
    };

    return code >= 0 && (size_t)code < sizeof(names) / sizeof(names[0]) ? names[code]
                                                                       : "unknown error";
}

const char *xc_strerror(xc_interface *xch, int errcode)
{
    (void)xch;
    return strerror(errcode);
}

const xc_error *xc_get_last_error(xc_interface *handle)
{
    return &handle->last_error;
}

void xc_clear_last_error(xc_interface *xch)
{
    xch->last_error = (xc_error){.code = XC_ERROR_NONE};
}

void *xc_memalign(xc_interface *xch, size_t alignment, size_t size)
{
    void *p;
    int error = posix_memalign(&p, alignment, size);

    (void)xch;
    if (!error)
        return p;
    errno = error;
    return NULL;
}
