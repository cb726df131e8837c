/* SPDX-License-Identifier: MIT */
/*
 * Tests what libvmctl keeps and tells without a hypervisor: the state directory under the deaths of
 * those who work in it, initrds that are whole or not, and JSON.
 */
#include <dirent.h>
#include <fcntl.h>
#include <jansson.h>
#include <lzma.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include <zlib.h>
#include <zstd.h>

#include "internal.h"
#include "suite.h"

static char dir[] = "/tmp/mews-state-XXXXXX";
static struct vmctl *v;

static struct config *config_named(const char *name)
{
    struct config_messages messages = {.warn = NULL};
    char text[512];

    snprintf(text, sizeof(text),
             "<domain type='xen'><name>%s</name><memory>4096</memory><os>"
             "<type>linux</type><kernel>/k</kernel></os></domain>",
             name);
    return config_parse("test", text, strlen(text), &messages);
}

static int count_one(struct vmctl *own, const char *name, enum state_kind kind, void *context)
{
    (void)own;
    (void)name;
    (void)kind;
    ++*(int *)context;
    return 0;
}

static int count_files(void)
{
    int count = 0;

    state_each(v, count_one, &count);
    return count;
}

static void test_life(void)
{
    struct state_file file, other;
    struct config *c = config_named("a"), *again;
    uint8_t uuid[16];
    int lock;

    CU_ASSERT_EQUAL_FATAL(need_state(v), 0);
    lock = state_lock(v);
    CU_ASSERT(lock >= 0);
    CU_ASSERT_EQUAL_FATAL(state_new(v, c, &file), 0);
    CU_ASSERT_EQUAL(state_new(v, c, &other), -1);
    CU_ASSERT_PTR_NOT_NULL(strstr(vmctl_error(v), "named a is there already"));
    close(lock);
    CU_ASSERT_EQUAL(count_files(), 1);

    /* its maker holds it: nobody else gets it, though anyone may read it */
    CU_ASSERT_EQUAL(state_open(v, "a", STATE_MAKING, &other), 2);
    CU_ASSERT_EQUAL(state_open(v, "a", STATE_RUNNING, &other), 1);
    CU_ASSERT_TRUE(state_uuid(v, "a", STATE_MAKING, uuid));
    CU_ASSERT_EQUAL(memcmp(uuid, c->uuid, 16), 0);

    CU_ASSERT_EQUAL(state_become(v, &file, STATE_RUNNING), 0);
    state_close(&file);
    CU_ASSERT_EQUAL(state_check_name(v, "a"), -1);
    CU_ASSERT_EQUAL(state_check_name(v, "b"), 0);
    CU_ASSERT_EQUAL(state_open(v, "a", STATE_RUNNING, &other), 0);
    again = state_config(v, &other);
    CU_ASSERT_PTR_NOT_NULL_FATAL(again);
    CU_ASSERT_EQUAL(memcmp(again->uuid, c->uuid, 16), 0);
    config_free(again);
    state_remove(v, &other);
    CU_ASSERT_EQUAL(count_files(), 0);
    config_free(c);
}

/* A changed description takes the old one's place: whole, locked, and for its holder alone. */
static void test_update(void)
{
    struct state_file file, other;
    struct config *c = config_named("u"), *again;
    uint64_t max_kib;
    uint8_t uuid[16];
    struct stat before, now;

    CU_ASSERT_EQUAL_FATAL(state_new(v, c, &file), 0);
    CU_ASSERT_EQUAL(state_become(v, &file, STATE_RUNNING), 0);
    fstat(file.fd, &before);
    c->memory_kib = 2048;
    c->vcpus = c->max_vcpus = 3;
    c->cpu.weight = 77;
    CU_ASSERT_EQUAL_FATAL(state_update(v, &file, c), 0);
    fstat(file.fd, &now);
    CU_ASSERT_NOT_EQUAL(before.st_ino, now.st_ino);
    CU_ASSERT_EQUAL(state_open(v, "u", STATE_RUNNING, &other), 2);
    CU_ASSERT_EQUAL(count_files(), 1);
    state_close(&file);

    CU_ASSERT_EQUAL_FATAL(state_open(v, "u", STATE_RUNNING, &other), 0);
    again = state_config(v, &other);
    CU_ASSERT_PTR_NOT_NULL_FATAL(again);
    CU_ASSERT_EQUAL(again->memory_kib, 2048);
    CU_ASSERT_EQUAL(again->max_kib, 4096);
    CU_ASSERT_EQUAL(again->max_vcpus, 3);
    CU_ASSERT_EQUAL(again->cpu.weight, 77);
    CU_ASSERT_TRUE(state_head(v, "u", STATE_RUNNING, uuid, &max_kib));
    CU_ASSERT_EQUAL(memcmp(uuid, c->uuid, 16), 0);
    CU_ASSERT_EQUAL(max_kib, 4096);
    config_free(again);

    /* what cannot be written changes nothing */
    CU_ASSERT_EQUAL(mkdirat(v->state_dir, ".new-u", 0700), 0);
    CU_ASSERT_EQUAL(state_update(v, &other, c), -1);
    CU_ASSERT_PTR_NOT_NULL(strstr(vmctl_error(v), "cannot write"));
    CU_ASSERT_EQUAL(unlinkat(v->state_dir, ".new-u", AT_REMOVEDIR), 0);
    again = state_config(v, &other);
    CU_ASSERT_PTR_NOT_NULL(again);
    config_free(again);
    state_remove(v, &other);
    CU_ASSERT_EQUAL(count_files(), 0);
    config_free(c);
}

static void test_sizes(void)
{
    static const struct {
        const char *text;
        uint64_t kib;
    } good[] = {
        {"0", 0},         {"1", 1},           {"524288", 524288}, {"512M", 524288},
        {"512m", 524288}, {"512MiB", 524288}, {"512mib", 524288}, {"2G", 2097152},
        {"3K", 3},        {"3KiB", 3},        {"1T", 1UL << 30},  {"16384T", 1UL << 44},
    };
    static const char *const wrong[] = {
        "",
        "M",
        "-1",
        "+1",
        " 1",
        "1 ",
        "1.5G",
        "1MB",
        "1B",
        "1X",
        "1MiBs",
        "0x10",
        "1e3",
        "16385T",
        "18446744073709551616",
        "99999999999999999999999G",
    };
    uint64_t kib;

    for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
        kib = ~0UL;
        CU_ASSERT_TRUE(vmctl_parse_size(good[i].text, &kib));
        CU_ASSERT_EQUAL(kib, good[i].kib);
    }
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        kib = 42;
        if (vmctl_parse_size(wrong[i], &kib)) {
            fprintf(stderr, "'%s' was taken\n", wrong[i]);
            CU_FAIL("not an amount of memory");
        }
        CU_ASSERT_EQUAL(kib, 42);
    }
}

/* A maker that is killed leaves its file, and leaves it unlocked. */
static void test_killed_maker(void)
{
    struct state_file file;
    struct config *c = config_named("k");
    int ends[2], status;
    char byte;
    pid_t pid;

    CU_ASSERT_EQUAL_FATAL(pipe(ends), 0);
    pid = fork();
    if (pid == 0) {
        struct vmctl *own;

        if (vmctl_open(&own) || need_state(own) || state_new(own, c, &file) ||
            write(ends[1], "x", 1) != 1)
            _exit(1);
        pause();
        _exit(1);
    }
    CU_ASSERT_EQUAL(read(ends[0], &byte, 1), 1);
    CU_ASSERT_EQUAL(state_open(v, "k", STATE_MAKING, &file), 2);
    kill(pid, SIGKILL);
    waitpid(pid, &status, 0);
    CU_ASSERT_TRUE(WIFSIGNALED(status));
    CU_ASSERT_EQUAL(state_open(v, "k", STATE_MAKING, &file), 0);
    state_remove(v, &file);
    CU_ASSERT_EQUAL(count_files(), 0);
    close(ends[0]);
    close(ends[1]);
    config_free(c);
}

/* Of many who take the same name at once, one gets it. */
static void test_race(void)
{
    enum { RACERS = 12 };
    struct state_file file;
    struct config *c = config_named("r");
    int won = 0, status, ends[2];
    char byte = 0;

    CU_ASSERT_EQUAL_FATAL(pipe(ends), 0);
    for (int i = 0; i < RACERS; i++) {
        if (fork() == 0) {
            struct vmctl *own;
            int lock, ret;

            close(ends[1]);
            if (read(ends[0], &byte, 1) != 0 || vmctl_open(&own))
                _exit(2);
            lock = state_lock(own);
            ret = lock < 0 ? 2 : state_new(own, c, &file) ? 1 : 0;
            _exit(ret);
        }
    }
    close(ends[0]);
    close(ends[1]); /* go */
    for (int i = 0; i < RACERS; i++) {
        CU_ASSERT(wait(&status) > 0);
        CU_ASSERT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) < 2);
        won += WEXITSTATUS(status) == 0;
    }
    CU_ASSERT_EQUAL(won, 1);
    CU_ASSERT_EQUAL(state_open(v, "r", STATE_MAKING, &file), 0);
    state_remove(v, &file);
    config_free(c);
}

/* Other files in the directory are nobody's VPS. */
static void test_strangers(void)
{
    static const char *const names[] = {".x.xml", "a b.xml", "x.txt", "noext", "12.xml", ".xml"};

    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        int fd = openat(v->state_dir, names[i], O_CREAT | O_WRONLY | O_CLOEXEC, 0600);

        CU_ASSERT(fd >= 0);
        close(fd);
    }
    CU_ASSERT_EQUAL(count_files(), 0);
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
        unlinkat(v->state_dir, names[i], 0);
}

static void test_whole_marks(void)
{
    struct stat st = {.st_dev = 1, .st_ino = 2, .st_size = 3}, changed = st;

    CU_ASSERT_FALSE(state_is_whole(v, &st));
    state_set_whole(v, &st);
    CU_ASSERT_TRUE(state_is_whole(v, &st));
    changed.st_mtim.tv_nsec = 1;
    CU_ASSERT_FALSE(state_is_whole(v, &changed));
    changed = st;
    changed.st_size = 4;
    CU_ASSERT_FALSE(state_is_whole(v, &changed));
    state_set_whole(v, &changed);
    CU_ASSERT_TRUE(state_is_whole(v, &changed));
    CU_ASSERT_FALSE(state_is_whole(v, &st));
    CU_ASSERT_EQUAL(count_files(), 0);
}

/* ---- initrds ---- */

#define FILE_SIZE 20000
#define CPIO_SIZE (112 + 4 + FILE_SIZE + 124)

/* A cpio of one file and the trailer; returns its length. */
static size_t make_cpio(unsigned char *out)
{
    size_t at;

    memset(out, 0, CPIO_SIZE);
    at = (size_t)sprintf((char *)out,
                         "070701%08X%08X%08X%08X%08X%08X%08X%08X%08X%08X%08X%08X%08Xabcd", 1,
                         0100644, 0, 0, 1, 0, FILE_SIZE, 0, 0, 0, 0, 5, 0);
    CU_ASSERT_EQUAL(at, 114);
    at = 116;
    for (unsigned int i = 0; i < FILE_SIZE; i++)
        out[at++] = (unsigned char)(i * i >> 7);
    at += (size_t)sprintf((char *)out + at,
                          "070701%08X%08X%08X%08X%08X%08X%08X%08X%08X%08X%08X%08X%08X"
                          "TRAILER!!!",
                          0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 11, 0);
    return (at + 4) & ~(size_t)3;
}

static size_t make_gzip(const unsigned char *in, size_t len, unsigned char *out, size_t room)
{
    z_stream z = {.next_in = (unsigned char *)(uintptr_t)in,
                  .avail_in = (uInt)len,
                  .next_out = out,
                  .avail_out = (uInt)room};

    deflateInit2(&z, 6, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY);
    deflate(&z, Z_FINISH);
    deflateEnd(&z);
    return z.total_out;
}

#define LIMIT (1UL << 20)

static void check_cuts(const char *what, const unsigned char *data, size_t size)
{
    const char *error = initrd_check(data, size, LIMIT);

    if (error)
        fprintf(stderr, "%s: %s\n", what, error);
    CU_ASSERT_PTR_NULL(error);
    for (size_t cut = 8; cut < size; cut += size / 97 + 1) {
        unsigned char *exact = malloc(size - cut);

        memcpy(exact, data, size - cut);
        error = initrd_check(exact, size - cut, LIMIT);
        if (!error && size - cut >= 8) {
            fprintf(stderr, "%s without its last %zu bytes passed\n", what, cut);
            CU_FAIL("a cut was not seen");
        }
        free(exact);
        if (size - cut < 16)
            break;
    }
}

static void test_initrds(void)
{
    static unsigned char cpio[CPIO_SIZE + 16], packed[CPIO_SIZE * 2], all[CPIO_SIZE * 5];
    size_t len = make_cpio(cpio), n = 0, total = len;

    check_cuts("cpio", cpio, len);
    memcpy(all, cpio, len);
    n = make_gzip(cpio, len, packed, sizeof(packed));
    check_cuts("gzip", packed, n);
    memcpy(all + total, packed, n);
    total += n;
    n = 0;
    lzma_easy_buffer_encode(6, LZMA_CHECK_CRC32, NULL, cpio, len, packed, &n, sizeof(packed));
    check_cuts("xz", packed, n);
    total = (total + 3) & ~(size_t)3; /* padding between archives */
    memcpy(all + total, packed, n);
    total += n;
    n = ZSTD_compress(packed, sizeof(packed), cpio, len, 3);
    check_cuts("zstd", packed, n);
    memcpy(all + total, packed, n);
    total += n;
    CU_ASSERT_PTR_NULL(initrd_check(all, total, LIMIT));
    CU_ASSERT_PTR_NULL(initrd_check(all, total + 512, LIMIT)); /* zeros at the end */
    CU_ASSERT_PTR_NOT_NULL(initrd_check(all, total - 8, LIMIT));
    CU_ASSERT_PTR_NULL(initrd_check((const unsigned char *)"what is this", 12, LIMIT));

    n = make_gzip(cpio, len, packed, sizeof(packed));
    CU_ASSERT_PTR_NOT_NULL(initrd_check(packed, n, 4096)); /* more than there is room for */
    packed[n / 2] ^= 0x20;
    CU_ASSERT_PTR_NOT_NULL(initrd_check(packed, n, LIMIT));
}

static void test_mutated_initrds(void)
{
    static unsigned char cpio[CPIO_SIZE + 16], packed[CPIO_SIZE * 2];
    size_t len = make_cpio(cpio), n = make_gzip(cpio, len, packed, sizeof(packed));

    srand(6);
    for (int round = 0; round < 4000; round++) {
        size_t size = round % 2 ? len : n, keep = 1 + (size_t)rand() % size;
        unsigned char *exact = malloc(keep);

        memcpy(exact, round % 2 ? cpio : packed, keep);
        for (int k = rand() % 4; k >= 0; k--)
            exact[(size_t)rand() % (rand() % 2 && keep > 128 ? 128 : keep)] = (unsigned char)rand();
        initrd_check(exact, keep, LIMIT);
        free(exact);
    }
}

/* ---- JSON ---- */

static void test_json(void)
{
    struct vmctl_info infos[2] = {
        {.domid = 7,
         .name = "web1",
         .uuid = "6f1de2a0-3c5b-4f0e-9b59-6d657773000a",
         .state = VMCTL_CRASHED,
         .vcpus = 2,
         .memory_kib = 262144,
         .max_kib = 1UL << 34,
         .cpu_ns = 1UL << 53,
         .managed = true,
         .reason = "said \"no\" \\ \x01"},
        {.state = VMCTL_RUNNING},
    };
    char *text = vmctl_list_json(infos, 2);
    json_t *array, *first;

    CU_ASSERT_PTR_NOT_NULL_FATAL(text);
    CU_ASSERT_EQUAL(text[strlen(text) - 1], '\n');
    array = json_loads(text, 0, NULL);
    CU_ASSERT_EQUAL_FATAL(json_array_size(array), 2);
    first = json_array_get(array, 0);
    CU_ASSERT_EQUAL(json_integer_value(json_object_get(first, "id")), 7);
    CU_ASSERT_STRING_EQUAL(json_string_value(json_object_get(first, "name")), "web1");
    CU_ASSERT_STRING_EQUAL(json_string_value(json_object_get(first, "state")), "crashed");
    CU_ASSERT_STRING_EQUAL(json_string_value(json_object_get(first, "reason")), infos[0].reason);
    CU_ASSERT_EQUAL(json_integer_value(json_object_get(first, "max_memory_kib")), 1L << 34);
    CU_ASSERT_EQUAL(json_integer_value(json_object_get(first, "cpu_ns")), 1L << 53);
    CU_ASSERT_TRUE(json_is_true(json_object_get(first, "managed")));
    CU_ASSERT_PTR_NULL(json_object_get(json_array_get(array, 1), "reason"));
    json_decref(array);
    free(text);

    text = vmctl_list_json(NULL, 0);
    CU_ASSERT_STRING_EQUAL(text, "[]\n");
    free(text);
    text = vmctl_text_json("error", "a \"b\"\n\xff");
    CU_ASSERT_PTR_NOT_NULL_FATAL(text);
    array = json_loads(text, 0, NULL);
    CU_ASSERT_PTR_NOT_NULL(json_object_get(array, "error"));
    json_decref(array);
    free(text);
}

/* What a VPS may not share with another. */
static void test_disk_conflicts(void)
{
    char path[64], link[64];
    struct config_disk a = {.source = path}, b = {.source = link};
    int fd;

    snprintf(path, sizeof(path), "%s/.disk", dir);
    snprintf(link, sizeof(link), "%s/.link", dir);
    fd = open(path, O_CREAT | O_WRONLY | O_CLOEXEC, 0600);
    close(fd);
    CU_ASSERT_FALSE(disks_conflict(&a, &b));
    CU_ASSERT_EQUAL(symlink(path, link), 0);
    CU_ASSERT_TRUE(disks_conflict(&a, &b)); /* the same by another name */
    a.readonly = true;
    CU_ASSERT_TRUE(disks_conflict(&a, &b));
    b.readonly = true;
    CU_ASSERT_FALSE(disks_conflict(&a, &b));
    a.readonly = b.readonly = false;
    a.shareable = true;
    CU_ASSERT_TRUE(disks_conflict(&a, &b));
    b.shareable = true;
    CU_ASSERT_FALSE(disks_conflict(&a, &b));
    unlink(path);
    unlink(link);
}

static int set_up(void)
{
    return !mkdtemp(dir) || setenv("MEWS_STATE_DIR", dir, 1) || vmctl_open(&v);
}

/* Removes what is left in the directory, and the directory. */
static int clean_up(void)
{
    DIR *d = opendir(dir);
    struct dirent *entry;

    vmctl_close(v);
    while (d && (entry = readdir(d)) != NULL)
        unlinkat(dirfd(d), entry->d_name, 0);
    closedir(d);
    return rmdir(dir);
}

static CU_TestInfo tests[] = {
    {"a VPS's file from making to gone", test_life},
    {"a description changed", test_update},
    {"amounts of memory", test_sizes},
    {"its maker killed", test_killed_maker},
    {"twelve after one name", test_race},
    {"strange files", test_strangers},
    {"files known to be whole", test_whole_marks},
    {"disks in use", test_disk_conflicts},
    {"initrds whole and cut", test_initrds},
    {"4000 mutated initrds", test_mutated_initrds},
    {"JSON", test_json},
    CU_TEST_INFO_NULL,
};

int main(void)
{
    return suite_run_between("state, initrds, JSON", set_up, clean_up, tests);
}
