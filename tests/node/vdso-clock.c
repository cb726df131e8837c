/* SPDX-License-Identifier: MIT */
/*
 * Does reading the clock take a system call here? Forbids itself clock_gettime by a filter, then asks for the time as programs
 * do: the C library's vDSO answers without the call, or falls back to it, which is refused. Beside it, that the clock
 * never goes back, whatever CPU it is read on.
 *   vdso-clock        prints "vdso" or "syscall", and exits 0; 1 where the clock went back or nothing could be told
 */
#define _GNU_SOURCE
#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <stddef.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <time.h>

static int forbid(void)
{
    struct sock_filter filter[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_clock_gettime, 0, 1),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EACCES),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
    };
    struct sock_fprog program = {.len = sizeof(filter) / sizeof(filter[0]), .filter = filter};

    return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) || prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program);
}

static void move_to(int cpu)
{
    cpu_set_t set;

    CPU_ZERO(&set);
    CPU_SET((unsigned int)cpu, &set);
    sched_setaffinity(0, sizeof(set), &set);
}

int main(void)
{
    struct timespec last = {0, 0}, now;

    for (int i = 0; i < 100000; i++) {
        if (i % 1000 == 0)
            move_to(i / 1000 % 2);
        clock_gettime(CLOCK_MONOTONIC, &now);
        if (now.tv_sec < last.tv_sec || (now.tv_sec == last.tv_sec && now.tv_nsec < last.tv_nsec)) {
            puts("the clock went back");
            return 1;
        }
        last = now;
    }
    if (forbid()) {
        perror("vdso-clock: no filter");
        return 1;
    }
    if (clock_gettime(CLOCK_MONOTONIC, &now) == 0)
        puts("vdso");
    else if (errno == EACCES)
        puts("syscall");
    else
        return 1;
    return 0;
}
