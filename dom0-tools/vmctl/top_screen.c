/* SPDX-License-Identifier: MIT */
/*
 * `vmctl top` on a terminal, by ncurses, see top_screen.h.
 *
 * Signals are let through only while it waits for a key, so none is lost between looking and waiting,
 * and none ends the process between a change of the terminal and its undoing.
 */
#include "top_screen.h"

#include <curses.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

/* The first figures come soon, not after the whole interval. */
#define FIRST_SECONDS 0.5

#define HEADER_LINES 3

struct screen {
    struct vmctl *v;
    enum top_sort sort;
    double seconds;
    struct vmctl_reading *before;
    struct vmctl_usage *usage; /* NULL: not yet */
    size_t first;              /* index of the uppermost row */
    bool quit;
};

static volatile sig_atomic_t ended;

static void on_end(int signal)
{
    ended = signal;
}

/* Puts a line on the screen as far as it goes. */
static void put_line(int y, const char *text)
{
    if (y < LINES)
        mvaddnstr(y, 0, text, COLS);
}

static void draw_heading(const struct screen *s, int y, int name_width)
{
    char text[TOP_LINE_SIZE];
    size_t at, len;

    if (y >= LINES)
        return;
    top_heading(name_width, s->sort, text, &at, &len);
    put_line(y, text);
    mvchgat(y, 0, -1, A_REVERSE, 0, NULL);
    if ((int)at < COLS && len)
        mvchgat(y, (int)at, (int)len, A_REVERSE | A_BOLD | A_UNDERLINE, 0, NULL);
}

static int rows_shown(void)
{
    int rows = LINES - HEADER_LINES - 3; /* a blank line, the heading, the keys */

    return rows > 1 ? rows : 1;
}

static void draw(struct screen *s)
{
    char text[TOP_LINE_SIZE];
    int y = 0, width;

    erase();
    if (s->usage) {
        size_t rows = (size_t)rows_shown();

        if (s->first + rows > s->usage->count)
            s->first = s->usage->count > rows ? s->usage->count - rows : 0;
        width = top_name_width(s->usage);
        for (unsigned int line = 0; top_header(s->usage, line, text); line++)
            put_line(y++, text);
        draw_heading(s, ++y, width);
        for (size_t i = 0; i < rows && s->first + i < s->usage->count; i++) {
            top_row(&s->usage->domains[s->first + i], width, text);
            put_line(++y, text);
        }
    } else {
        put_line(0, "vmctl top: the first figures take a moment");
    }
    snprintf(text, sizeof(text),
             "q quit  s next sort key (%s)  P cpu  M mem  T st  D disk  n net  N name  "
             "+ - every %.3g s",
             top_sort_name(s->sort), s->seconds);
    if (LINES > HEADER_LINES + 3)
        put_line(LINES - 1, text);
    refresh();
}

/* A new reading: the figures are what was used since the one before. */
static int sample(struct screen *s)
{
    struct vmctl_reading *now = vmctl_read_usage(s->v);
    struct vmctl_usage *usage = now ? vmctl_usage(s->before, now) : NULL;

    if (!now)
        return -1;
    if (usage) { /* else memory is short, and the figures stay as they are for now */
        free(s->usage);
        s->usage = usage;
        top_sort(s->usage, s->sort);
    }
    vmctl_reading_free(s->before);
    s->before = now;
    return 0;
}

static void set_sort(struct screen *s, enum top_sort sort)
{
    s->sort = sort;
    s->first = 0;
    if (s->usage)
        top_sort(s->usage, sort);
}

static void scroll_by(struct screen *s, int rows)
{
    size_t up = (size_t)-rows;

    if (rows >= 0)
        s->first += (size_t)rows; /* draw() keeps it within the table */
    else
        s->first = s->first > up ? s->first - up : 0;
}

static void change_interval(struct screen *s, double factor)
{
    double seconds = s->seconds * factor;

    if (seconds >= TOP_SECONDS_LEAST && seconds <= TOP_SECONDS_MOST)
        s->seconds = seconds;
}

static void handle_key(struct screen *s, int key)
{
    switch (key) {
    case 'q':
    case 'Q':
        s->quit = true;
        break;
    case 's':
    case 'S':
        set_sort(s, (enum top_sort)((s->sort + 1) % NR_TOP_SORTS));
        break;
    case 'P':
        set_sort(s, TOP_CPU);
        break;
    case 'M':
        set_sort(s, TOP_MEM);
        break;
    case 'T':
        set_sort(s, TOP_STEAL);
        break;
    case 'D':
        set_sort(s, TOP_DISK);
        break;
    case 'n':
        set_sort(s, TOP_NET);
        break;
    case 'N':
        set_sort(s, TOP_NAME);
        break;
    case '+':
        change_interval(s, 2);
        break;
    case '-':
        change_interval(s, 0.5);
        break;
    case KEY_UP:
        scroll_by(s, -1);
        break;
    case KEY_DOWN:
        scroll_by(s, 1);
        break;
    case KEY_PPAGE:
        scroll_by(s, -rows_shown());
        break;
    case KEY_NPAGE:
        scroll_by(s, rows_shown());
        break;
    default: /* among others KEY_RESIZE: it is drawn anew in any case */
        break;
    }
}

/* Waits for a key at most so long, and handles all that came. The terminal's end is a key too. */
static void wait_keys(struct screen *s, double seconds, const sigset_t *open)
{
    struct pollfd input = {.fd = STDIN_FILENO, .events = POLLIN};
    struct timespec limit = {(time_t)seconds, (long)((seconds - (double)(time_t)seconds) * 1e9)};
    int ready = ppoll(&input, 1, &limit, open), key;
    bool any = false;

    while ((key = getch()) != ERR) {
        handle_key(s, key);
        any = true;
    }
    if (ready > 0 && !any) /* readable, and nothing there: the terminal has gone */
        s->quit = true;
}

static double now_seconds(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/* Draws and samples until a key or a signal ends it. */
static int run_screen(struct screen *s, const sigset_t *open)
{
    double last = now_seconds(), left;

    while (!s->quit && !ended) {
        left = last + (s->usage ? s->seconds : FIRST_SECONDS) - now_seconds();
        if (left <= 0) {
            last = now_seconds();
            if (sample(s))
                return -1;
            left = 0;
        }
        draw(s);
        wait_keys(s, left, open);
    }
    return 0;
}

/* Blocks the signals that end it or that come of a resize; *open lets them through. */
static void hold_signals(sigset_t *open, sigset_t *old)
{
    static const int signals[] = {SIGINT, SIGTERM, SIGHUP, SIGQUIT};
    struct sigaction action = {.sa_handler = on_end};
    sigset_t hold;

    sigemptyset(&hold);
    sigaddset(&hold, SIGWINCH);
    for (size_t i = 0; i < sizeof(signals) / sizeof(signals[0]); i++) {
        sigaction(signals[i], &action, NULL);
        sigaddset(&hold, signals[i]);
    }
    sigprocmask(SIG_BLOCK, &hold, old);
    *open = *old;
    for (size_t i = 0; i < sizeof(signals) / sizeof(signals[0]); i++)
        sigdelset(open, signals[i]);
    sigdelset(open, SIGWINCH);
}

int top_screen(struct vmctl *v, double seconds, enum top_sort sort)
{
    struct screen s = {.v = v, .sort = sort, .seconds = seconds};
    const char *name = getenv("TERM");
    sigset_t open, old;
    SCREEN *terminal;
    int ret;

    if (!isatty(STDIN_FILENO) || !isatty(STDOUT_FILENO)) {
        fprintf(stderr, "vmctl top: this is no terminal: vmctl top --once prints one sample\n");
        return 1;
    }
    s.before = vmctl_read_usage(v);
    if (!s.before)
        return -1;
    hold_signals(&open, &old);
    terminal = newterm(NULL, stdout, stdin);
    if (!terminal) {
        fprintf(stderr,
                "vmctl top: nothing is known of terminals of the kind '%s' (TERM): name another, "
                "or use vmctl top --once\n",
                name ? name : "");
        vmctl_reading_free(s.before);
        return 1;
    }
    cbreak();
    noecho();
    nodelay(stdscr, TRUE);
    keypad(stdscr, TRUE);
    curs_set(0);
    ret = run_screen(&s, &open);
    endwin();
    delscreen(terminal);
    sigprocmask(SIG_SETMASK, &old, NULL);
    vmctl_reading_free(s.before);
    free(s.usage);
    return ret;
}
