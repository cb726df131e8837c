/* SPDX-License-Identifier: MIT */
/*
 * The smallest VPS that does what a toolstack expects of one: it says hello on its console, knows its
 * name from the store, ends as control/shutdown asks, and answers what is typed at it. Node tests
 * choose its behaviour by words on its command line:
 *
 *   mode=wait          (the default) as above
 *   mode=idle          says hello, then sleeps for good and heeds nobody
 *   mode=spin          says hello, then keeps its vCPU busy for good
 *   mode=flood         writes numbered lines to its console as fast as it can, for good
 *   mode=break-ring    claims more console output than the ring can hold, then goes on as mode=wait
 *   mode=crash         says hello, then reports a crash of its own
 *   mode=fault         says hello, then traps with no handler registered
 *   mode=poweroff, mode=reboot   says hello, then ends that way
 *   mode=reboot-once   reboots if the store's node /mews-test/NAME says 1, after writing 0 there
 *                      (the test makes that node, writable for the domain); else as mode=wait
 *   lines=N            before its mode: writes N numbered lines and a last one, "lines N done"
 *
 * Told to suspend, it does, and says how it went on.
 *
 * Typed lines: "poweroff", "reboot", "crash"; any other is answered by "echo: LINE".
 */
#include <public/sched.h>

#include "console.h"
#include "guest.h"
#include "os.h"
#include "store.h"

#define SECOND 1000000000ull

const char test_title[] = "vps-hello: the node tests' VPS";

static struct pv_console console;
static struct pv_store store;
static char name[64];

/* ---- saying and ending ---- */

static void say(const char *format, ...) __attribute__((format(printf, 1, 2)));
static void say(const char *format, ...)
{
    char line[256];
    va_list args;
    size_t len;

    va_start(args, format);
    len = format_text(line, sizeof(line) - 1, format, args);
    va_end(args);
    if (len > sizeof(line) - 1)
        len = sizeof(line) - 1;
    line[len++] = '\n';
    pv_console_write_all(&console, line, len, OS_NEVER);
}

static void __attribute__((noreturn)) end(unsigned int reason, const char *word)
{
    struct sched_shutdown shutdown = {.reason = reason};

    say("vps-hello: %s", word);
    pv_console_drain(&console, os_time() + 5 * SECOND);
    for (;;)
        hypercall_sched_op(SCHEDOP_shutdown, &shutdown);
}

/* What a toolstack that has us go on finds our frames by: a list of the pages of the loader's list of frames. */
static void show_frames(void)
{
    static unsigned long lists[2][512] __attribute__((aligned(PAGE_SIZE)));
    const unsigned long *frames = (const unsigned long *)start_info->mfn_list;

    for (unsigned long i = 0; i < 512 && i * 512 < start_info->nr_pages; i++)
        lists[1][i] = mfn_of(frames + i * 512);
    lists[0][0] = mfn_of(lists[1]);
    shared_info->arch.max_pfn = start_info->nr_pages;
    shared_info->arch.pfn_to_mfn_frame_list_list = mfn_of(lists[0]);
}

static unsigned long frame_number(unsigned long mfn)
{
    return ((uintptr_t)page_of(mfn) - GUEST_VIRT_BASE) / PAGE_SIZE;
}

/* As the ABI has it: the rings' frames by our own numbers, the start page's in the third argument. The call answers 1 where the
 * toolstack knows that we can take it that nothing has happened, and else has put the rings' frames back itself. We say
 * in no note that we can. */
static void suspend(void)
{
    struct sched_shutdown shutdown = {.reason = SHUTDOWN_suspend};
    const unsigned long store_mfn = start_info->store_mfn, console_mfn = start_info->console.domU.mfn;
    bool put_back;
    long answer;

    show_frames();
    start_info->store_mfn = frame_number(store_mfn);
    start_info->console.domU.mfn = frame_number(console_mfn);
    answer = HYPERCALL3(__HYPERVISOR_sched_op, SCHEDOP_shutdown, &shutdown, mfn_of(start_info));
    put_back = start_info->store_mfn == store_mfn && start_info->console.domU.mfn == console_mfn;
    start_info->store_mfn = store_mfn;
    start_info->console.domU.mfn = console_mfn;
    say("vps-hello: suspended, and goes on: %ld, its rings %s", answer, put_back ? "put back" : "as it left them");
}

/* Ends as a word asks, or returns where the word asks for nothing. */
static void obey(const char *word)
{
    if (!strcmp(word, "poweroff") || !strcmp(word, "halt"))
        end(SHUTDOWN_poweroff, "powering off");
    if (!strcmp(word, "reboot"))
        end(SHUTDOWN_reboot, "rebooting");
    if (!strcmp(word, "crash"))
        end(SHUTDOWN_crash, "crashing");
    if (!strcmp(word, "suspend"))
        suspend();
}

/* ---- the command line ---- */

/* Copies the value of "key=" from the command line; an empty text where it is not there. */
static void option(const char *key, char *value, size_t room)
{
    const char *p = (const char *)start_info->cmd_line;
    const char *limit = p + MAX_GUEST_CMDLINE;
    size_t key_len = strlen(key), len = 0;
    bool word = true;

    for (; p < limit && *p; word = *p == ' ', p++)
        if (word && !strncmp(p, key, key_len))
            break;
    if (p < limit && *p)
        for (p += key_len; p < limit && *p && *p != ' ' && len < room - 1;)
            value[len++] = *p++;
    value[len] = '\0';
}

static unsigned long number(const char *text)
{
    unsigned long n = 0;

    for (; *text >= '0' && *text <= '9'; text++)
        n = n * 10 + (unsigned long)(*text - '0');
    return n;
}

/* ---- what it does ---- */

static void flood(void)
{
    for (unsigned long i = 0;; i++)
        say("flood %lu ..............................................................", i);
}

static void break_ring(void)
{
    pv_console_drain(&console, os_time() + 5 * SECOND);
    console.page->out_prod = console.page->out_cons + 100000;
    os_event_send(console.port);
    say("never seen: the ring is broken");
}

/* No trap table, then a trap: the hypervisor has nobody to give it to. */
static void fault(void)
{
    pv_console_drain(&console, os_time() + 5 * SECOND);
    hypercall_set_trap_table(NULL);
    __asm__ volatile("ud2");
    report_error("a trap without a handler was survived");
}

static void reboot_once(void)
{
    char path[96] = "/mews-test/", value[4];

    memcpy(path + strlen(path), name, strlen(name) + 1);
    if (pv_store_read(&store, path, value, sizeof(value)) == 1 && value[0] == '1' &&
        pv_store_write(&store, path, "0", 1) == 0)
        end(SHUTDOWN_reboot, "rebooting once");
    say("vps-hello: not rebooting (any more)");
}

/* Reads what control/shutdown asks for, takes note in the node (as the protocol wants), and ends. */
static void heed_shutdown(void)
{
    char word[16];

    if (pv_store_read(&store, "control/shutdown", word, sizeof(word)) <= 0)
        return;
    pv_store_write(&store, "control/shutdown", "", 0);
    say("vps-hello: asked to %s", word);
    obey(word);
}

static void take_typed(void)
{
    static char line[128];
    static size_t len;
    char c;

    while (pv_console_read(&console, &c, 1) == 1) {
        if (c != '\r' && c != '\n') {
            if (len < sizeof(line) - 1)
                line[len++] = c;
            continue;
        }
        line[len] = '\0';
        len = 0;
        obey(line);
        say("echo: %s", line);
    }
}

static void __attribute__((noreturn)) wait(void)
{
    const uint32_t ports[] = {console.port, store.port};
    struct pv_store_event event;

    if (pv_store_watch(&store, "control/shutdown", "shutdown"))
        say("vps-hello: cannot watch control/shutdown");
    say("vps-hello: ready");
    for (;;) {
        os_event_clear(console.port);
        if (store.page)
            os_event_clear(store.port);
        take_typed();
        while (pv_store_next_event(&store, &event) == 1)
            heed_shutdown();
        os_event_wait(ports, store.page ? 2 : 1, OS_NEVER);
    }
}

static void idle(void)
{
    for (;;)
        hypercall_sched_op(SCHEDOP_block, NULL);
}

static void spin(void)
{
    for (;;)
        __asm__ volatile("" ::: "memory");
}

static void run_mode(const char *mode)
{
    static const struct {
        const char *mode;
        void (*run)(void);
    } modes[] = {{"idle", idle},   {"spin", spin},
                 {"flood", flood}, {"break-ring", break_ring},
                 {"fault", fault}, {"reboot-once", reboot_once}};

    obey(mode);
    for (size_t i = 0; i < sizeof(modes) / sizeof(modes[0]); i++)
        if (!strcmp(mode, modes[i].mode))
            modes[i].run();
    wait();
}

void test_main(void)
{
    char text[32];
    unsigned long lines;

    if (guest_is_dom0())
        report_skip("this guest is a VPS: it needs a console ring and a store");
    if (!pv_console_init(&console))
        report_error("no console ring");
    if (!pv_store_init(&store) || pv_store_read(&store, "name", name, sizeof(name)) < 0)
        memcpy(name, "(nameless)", 11);
    say("vps-hello: hello from %s, %lu pages, command line: %s", name, start_info->nr_pages,
        (const char *)start_info->cmd_line);
    option("lines=", text, sizeof(text));
    lines = number(text);
    for (unsigned long i = 0; i < lines; i++)
        say("line %lu of %lu", i, lines);
    if (lines)
        say("lines %lu done", lines);
    option("mode=", text, sizeof(text));
    run_mode(text);
}
