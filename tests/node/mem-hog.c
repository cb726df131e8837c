/* SPDX-License-Identifier: MIT */
/*
 * A program that wants memory, for VPSes under test: takes MiB after MiB up to a size and writes to all
 * of it, so that it is in use, and neither free nor cache. It takes no more than it can get without
 * anybody being killed: before each MiB it looks whether so much is available, and waits otherwise. Says
 * "hog: N MiB" as it grows.
 *
 *   mem-hog MIB [LEAVE]      LEAVE MiB (default 8) are left available
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#define MIB  (1ul << 20)
#define STEP 16 /* MiB: how often it says where it is */

static unsigned long available_mib(void)
{
    char text[4096], *at;
    int fd = open("/proc/meminfo", O_RDONLY);
    ssize_t len = read(fd, text, sizeof(text) - 1);

    close(fd);
    if (len < 0)
        return 0;
    text[len] = 0;
    at = strstr(text, "MemAvailable:");
    return at ? strtoul(at + strlen("MemAvailable:"), NULL, 10) / 1024 : 0;
}

int main(int argc, char **argv)
{
    unsigned long want = argc > 1 ? strtoul(argv[1], NULL, 10) : 0;
    unsigned long leave = argc > 2 ? strtoul(argv[2], NULL, 10) : 8;
    struct timespec nap = {0, 200000000};

    setvbuf(stdout, NULL, _IOLBF, 0);
    for (unsigned long has = 0;; nanosleep(&nap, NULL))
        while (has < want && available_mib() > leave) {
            char *more = mmap(NULL, MIB, PROT_READ | PROT_WRITE,
                              MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);

            if (more == MAP_FAILED)
                break;
            for (size_t i = 0; i < MIB; i += 4096)
                more[i] = (char)(has + i / 4096 + 1);
            if (++has % STEP == 0 || has == want)
                printf("hog: %lu MiB\n", has);
        }
}
