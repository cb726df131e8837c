/* SPDX-License-Identifier: MIT */
/*
 * A load that all CPUs of a Linux share: threads of one process that map, protect and unmap memory (each time the
 * other CPUs' TLBs must be flushed), open and close descriptors of one table (one spinlock of the kernel's), and count
 * under one mutex (sleeping and waking). It checks what must hold, and exits 1 where it does not: a page keeps what its
 * thread wrote, and no count is lost. It must never depend on how many CPUs there are.
 *   smp-load THREADS ROUNDS
 */
#define _GNU_SOURCE
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#define THREADS_MAX 64u
#define PAGES 4u
#define PAGE 4096u

static unsigned long rounds, counted, wrong;
static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static pthread_barrier_t barrier;

static void failed(const char *what)
{
    perror(what);
    exit(1);
}

static void use_memory(uint64_t pattern)
{
    volatile uint64_t *at = mmap(NULL, PAGES * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    if (at == MAP_FAILED)
        failed("smp-load: mmap");
    for (unsigned int i = 0; i < PAGES; i++)
        at[i * PAGE / 8] = pattern + i;
    if (mprotect((void *)(uintptr_t)at, PAGES * PAGE, PROT_READ))
        failed("smp-load: mprotect");
    for (unsigned int i = 0; i < PAGES; i++)
        if (at[i * PAGE / 8] != pattern + i)
            __atomic_fetch_add(&wrong, 1, __ATOMIC_RELAXED);
    if (munmap((void *)(uintptr_t)at, PAGES * PAGE))
        failed("smp-load: munmap");
}

static void *thread(void *id)
{
    pthread_barrier_wait(&barrier);
    for (unsigned long round = 0; round < rounds; round++) {
        use_memory((uint64_t)(uintptr_t)id << 48 | round << 8);
        for (unsigned int i = 0; i < 8; i++) {
            int copy = dup(0);

            if (copy < 0)
                failed("smp-load: dup");
            close(copy);
        }
        pthread_mutex_lock(&mutex);
        counted++;
        pthread_mutex_unlock(&mutex);
    }
    return NULL;
}

static double seconds(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

int main(int argc, char **argv)
{
    unsigned long threads = argc == 3 ? strtoul(argv[1], NULL, 10) : 0;
    pthread_t handles[THREADS_MAX];
    double start;

    if (!threads || threads > THREADS_MAX) {
        fprintf(stderr, "usage: smp-load THREADS ROUNDS\n");
        return 2;
    }
    rounds = strtoul(argv[2], NULL, 10);
    pthread_barrier_init(&barrier, NULL, (unsigned int)threads);
    start = seconds();
    for (uintptr_t i = 0; i < threads; i++)
        if (pthread_create(&handles[i], NULL, thread, (void *)(i + 1)))
            failed("smp-load: a thread");
    for (uintptr_t i = 0; i < threads; i++)
        pthread_join(handles[i], NULL);
    start = seconds() - start;
    printf("smp-load: %lu threads, %.0f rounds a second\n", threads, (double)counted / start);
    if (wrong || counted != threads * rounds) {
        printf("smp-load: %lu pages wrong, %lu counted of %lu\n", wrong, counted, threads * rounds);
        return 1;
    }
    return 0;
}
