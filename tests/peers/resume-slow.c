/* SPDX-License-Identifier: MIT */
/*
 * Suspends a domain and has it go on as one whose kernel does not know that a suspension may be cancelled: no xl verb takes that
 * way, Debian's libxenlight has it. Compiled and linked as any toolstack on it would be; nothing of ours is in it.
 *   resume-slow DOMID      exits 0 where the domain has suspended and goes on
 */
#include <libxl.h>
#include <stdio.h>
#include <stdlib.h>
#include <xentoollog.h>

int main(int argc, char **argv)
{
    xentoollog_logger_stdiostream *log = xtl_createlogger_stdiostream(stderr, XTL_WARN, 0);
    libxl_ctx *ctx;
    uint32_t domid;

    if (argc != 2 || !log || libxl_ctx_alloc(&ctx, LIBXL_VERSION, 0, (xentoollog_logger *)log))
        return 2;
    domid = (uint32_t)strtoul(argv[1], NULL, 10);
    if (libxl_domain_suspend_only(ctx, domid, NULL)) {
        fprintf(stderr, "resume-slow: domain %u does not suspend\n", domid);
        return 1;
    }
    if (libxl_domain_resume(ctx, domid, 0, NULL)) {
        fprintf(stderr, "resume-slow: domain %u does not go on\n", domid);
        return 1;
    }
    libxl_ctx_free(ctx);
    return 0;
}
