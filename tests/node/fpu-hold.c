/* SPDX-License-Identifier: MIT */
/*
 * Holds a pattern in each SSE register over many time slices, in several processes at once, and exits 1
 * where one was found changed. It must hold the registers in assembly throughout: a compiler would
 * keep the pattern in memory and check nothing.
 *   fpu-hold LOOPS
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define PROCESSES 4u
#define SPINS 200000ul

struct registers {
    uint64_t xmm[16][2];
};

/* Loads all sixteen, spins, stores all sixteen: one statement, so that nothing comes between. */
static void hold(const struct registers *in, struct registers *out)
{
    unsigned long spins = SPINS;

    __asm__ volatile(
        ".irp n, 0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15\n\tmovdqu 16*\\n(%1), %%xmm\\n\n\t.endr\n"
        "1:\tdec %0\n\tjnz 1b\n"
        "\t.irp n, 0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15\n\tmovdqu %%xmm\\n, 16*\\n(%2)\n\t.endr"
        : "+r"(spins)
        : "r"(in), "r"(out)
        : "memory", "cc", "xmm0", "xmm1", "xmm2", "xmm3", "xmm4", "xmm5", "xmm6", "xmm7", "xmm8",
          "xmm9", "xmm10", "xmm11", "xmm12", "xmm13", "xmm14", "xmm15");
}

static int process(uint64_t seed, unsigned long loops)
{
    struct registers in, out;
    unsigned long changed = 0;

    for (unsigned int i = 0; i < 16; i++) {
        in.xmm[i][0] = seed * 0x9e3779b97f4a7c15u + i;
        in.xmm[i][1] = ~in.xmm[i][0];
    }
    for (unsigned long i = 0; i < loops; i++) {
        hold(&in, &out);
        changed += memcmp(&in, &out, sizeof(in)) != 0;
    }
    if (changed)
        printf("process %u: registers changed in %lu of %lu loops\n", (unsigned int)seed, changed,
               loops);
    return changed != 0;
}

int main(int argc, char **argv)
{
    unsigned long loops = argc > 1 ? strtoul(argv[1], NULL, 10) : 300;
    int status, bad = 0;

    for (uint64_t i = 1; i <= PROCESSES; i++) {
        pid_t pid = fork();

        if (pid < 0) {
            perror("fpu-hold: fork");
            return 1;
        }
        if (pid == 0)
            exit(process(i, loops));
    }
    while (wait(&status) > 0)
        bad |= status != 0;
    return bad;
}
