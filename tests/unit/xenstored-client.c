/* SPDX-License-Identifier: MIT */
/*
 * A raw store client that speaks the wire protocol from a script, so that one script can be run
 * against this project's xenstored and against any other daemon, and the two transcripts compared
 * byte by byte. It must never interpret a reply: what the daemon said is printed as it came.
 *
 *   xenstored-client [-s SOCKET | -d DEVICE] [SCRIPT]     runs a script (default: standard input)
 *   xenstored-client [-s SOCKET] -b KIND -n COUNT [-p PATH]   times COUNT requests of KIND (read,
 * write, txn) on PATH
 *
 * A script line is `CONN TYPE TX PAYLOAD`: CONN a letter (a connection, opened at first use), TYPE
 * a request's name or number, TX 0 or tN (the Nth transaction the script started), PAYLOAD with `|`
 * for NUL. `CONN repeat N TYPE TX PAYLOAD` asks N times, % in PAYLOAD becomes the number, and
 * prints where the answers change. `CONN sync` prints the events that have arrived; `CONN close`
 * closes; `a sleep N` waits; `# ...` is echoed.
 */
#define _GNU_SOURCE
#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#define CLIENT_CONNECTIONS  26
#define CLIENT_TRANSACTIONS 256
#define CLIENT_BODY_MAX     4096

enum {
    TYPE_DIRECTORY = 1,
    TYPE_READ = 2,
    TYPE_TXN_START = 6,
    TYPE_TXN_END = 7,
    TYPE_WRITE = 11,
    TYPE_EVENT = 15
};

struct message_header {
    uint32_t type, req_id, tx_id, len;
};

static const char *const type_names[] = {
    "CONTROL",
    "DIRECTORY",
    "READ",
    "GET_PERMS",
    "WATCH",
    "UNWATCH",
    "TRANSACTION_START",
    "TRANSACTION_END",
    "INTRODUCE",
    "RELEASE",
    "GET_DOMAIN_PATH",
    "WRITE",
    "MKDIR",
    "RM",
    "SET_PERMS",
    "WATCH_EVENT",
    "ERROR",
    "IS_DOMAIN_INTRODUCED",
    "RESUME",
    "SET_TARGET",
    "RESTRICT",
    "RESET_WATCHES",
    "DIRECTORY_PART",
};
#define TYPE_COUNT (sizeof(type_names) / sizeof(type_names[0]))

static const char *socket_path = "/run/xenstored/socket";
static const char *device_path;
static int connections[CLIENT_CONNECTIONS];
static uint32_t transactions[CLIENT_TRANSACTIONS];
static unsigned int transaction_count;
static uint32_t next_req_id = 1;

static void die(const char *what)
{
    fprintf(stderr, "xenstored-client: %s: %s\n", what, strerror(errno));
    exit(1);
}

static int connection_open(void)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int fd;

    if (device_path) {
        fd = open(device_path, O_RDWR | O_CLOEXEC);
        if (fd < 0) {
            die(device_path);
        }
        return fd;
    }
    snprintf(address.sun_path, sizeof(address.sun_path), "%s", socket_path);
    fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0 || connect(fd, (struct sockaddr *)&address, sizeof(address)) < 0) {
        die(socket_path);
    }
    return fd;
}

static int connection_get(char name)
{
    int *slot = &connections[(name - 'a') % CLIENT_CONNECTIONS];

    if (*slot < 0) {
        *slot = connection_open();
    }
    return *slot;
}

static int read_whole(int fd, void *to, size_t len)
{
    char *at = to;

    while (len > 0) {
        ssize_t got = read(fd, at, len);

        if (got <= 0) {
            return -1;
        }
        at += got;
        len -= (size_t)got;
    }
    return 0;
}

static void print_body(const char *body, uint32_t len)
{
    for (uint32_t i = 0; i < len; i++) {
        unsigned char c = (unsigned char)body[i];

        if (c == 0) {
            putchar('|');
        } else if (isprint(c)) {
            putchar(c);
        } else {
            printf("\\x%02x", c);
        }
    }
    putchar('\n');
}

/* 0, or -1 where the kernel refuses the request itself: then there will be no reply. */
static int send_request(int fd, uint32_t type, uint32_t tx, const char *body, uint32_t len)
{
    char buffer[sizeof(struct message_header) + 2 * CLIENT_BODY_MAX];
    struct message_header header = {type, next_req_id++, tx, len};

    memcpy(buffer, &header, sizeof(header));
    memcpy(buffer + sizeof(header), body, len);
    return write(fd, buffer, sizeof(header) + len) == (ssize_t)(sizeof(header) + len) ? 0 : -1;
}

/* Reads until the reply to the last request; prints events on the way. Returns the reply's length
 * or -1. */
static int read_reply(char name, int fd, struct message_header *header, char *body, int quiet)
{
    for (;;) {
        if (read_whole(fd, header, sizeof(*header)) < 0) {
            return -1;
        }
        if (header->len > CLIENT_BODY_MAX || read_whole(fd, body, header->len) < 0) {
            return -1;
        }
        body[header->len] = 0;
        if (header->type != TYPE_EVENT) {
            return (int)header->len;
        }
        if (!quiet) {
            printf("%c! ", name);
            print_body(body, header->len);
        }
    }
}

static void connection_close(char name)
{
    int *slot = &connections[(name - 'a') % CLIENT_CONNECTIONS];

    if (*slot >= 0) {
        close(*slot);
        *slot = -1;
    }
}

/*
 * With ONLY_NEWS (a repeated request) an answer is printed where it differs in kind from the one
 * before.
 */
static void request_run(char name, uint32_t type, const char *tx_text, const char *body,
                        uint32_t len, int only_news)
{
    static uint32_t last_type;
    char reply[CLIENT_BODY_MAX + 1];
    struct message_header header;
    int fd = connection_get(name);
    uint32_t tx = tx_text[0] == 't' ? transactions[atoi(tx_text + 1) % CLIENT_TRANSACTIONS]
                                    : (uint32_t)strtoul(tx_text, NULL, 0);

    if (send_request(fd, type, tx, body, len) < 0 && device_path) {
        if (!only_news || last_type != UINT32_MAX) {
            printf("%c< write: %s\n", name, strerror(errno));
        }
        last_type = UINT32_MAX;
        return;
    }
    if (read_reply(name, fd, &header, reply, 0) < 0) {
        printf("%c< closed\n", name);
        connection_close(name);
        return;
    }
    if (header.type == TYPE_TXN_START && header.len > 0) {
        transactions[++transaction_count % CLIENT_TRANSACTIONS] =
            (uint32_t)strtoul(reply, NULL, 10);
        printf("%c< TRANSACTION_START t%u\n", name, transaction_count);
        return;
    }
    if (only_news && header.type == last_type) {
        return;
    }
    last_type = header.type;
    if (only_news) {
        print_body(body, len);
    }
    printf("%c< %s%s ", name, header.type < TYPE_COUNT ? type_names[header.type] : "?",
           header.tx_id == tx ? "" : " (other tx)");
    print_body(reply, header.len);
}

static uint32_t type_parse(const char *text)
{
    for (uint32_t i = 0; i < TYPE_COUNT; i++) {
        if (strcmp(text, type_names[i]) == 0) {
            return i;
        }
    }
    return (uint32_t)strtoul(text, NULL, 0);
}

/* `*N*` in a payload stands for N letters x, so that long paths and values stay readable. */
static uint32_t payload_parse(const char *text, char *body)
{
    uint32_t len = 0;

    for (; *text && len < 2 * CLIENT_BODY_MAX - 8200 + CLIENT_BODY_MAX; text++) {
        if (*text == '*') {
            unsigned long count = strtoul(text + 1, NULL, 10);

            while (count-- > 0 && len < CLIENT_BODY_MAX + 4000) {
                body[len++] = 'x';
            }
            text = strchr(text + 1, '*');
            if (!text) {
                break;
            }
        } else {
            body[len++] = (char)(*text == '|' ? 0 : *text);
        }
    }
    return len;
}

static void script_run(FILE *script)
{
    char line[8192], name, type[64], tx[32], body[2 * CLIENT_BODY_MAX];
    int used, more, repeat;

    while (fgets(line, sizeof(line), script)) {
        line[strcspn(line, "\n")] = 0;
        if (line[0] == '#' || line[0] == 0) {
            puts(line);
            continue;
        }
        used = repeat = 0;
        if (sscanf(line, "%c %63s %n", &name, type, &used) < 2 || name < 'a' || name > 'z') {
            fprintf(stderr, "xenstored-client: bad line: %s\n", line);
            exit(2);
        }
        if (strcmp(type, "sleep") == 0) {
            sleep((unsigned int)atoi(line + used));
            continue;
        }
        if (strcmp(type, "close") == 0) {
            connection_close(name);
            continue;
        }
        if (strcmp(type, "sync") == 0) {
            struct message_header header;

            send_request(connection_get(name), TYPE_READ, 0, "/sync-no-such", 14);
            if (read_reply(name, connection_get(name), &header, body, 0) < 0) {
                printf("%c< closed\n", name);
            }
            continue;
        }
        if (strcmp(type, "repeat") == 0 &&
            sscanf(line + used, "%d %63s %n", &repeat, type, &more) == 2) {
            used += more;
        }
        tx[0] = '0';
        tx[1] = 0;
        {
            more = 0;
            sscanf(line + used, "%31s%n", tx, &more);
            used += more;
            used += line[used] == ' ';
        }
        printf("%s\n", line);
        for (int i = 0; i < repeat || i == 0; i++) {
            char text[sizeof(line)], *at;

            strcpy(text, line + used);
            if (repeat && (at = strchr(text, '%'))) {
                sprintf(at, "%d%s", i, line + used + (at - text) + 1);
            }
            request_run(name, type_parse(type), tx, body, payload_parse(text, body), repeat);
        }
        fflush(stdout);
    }
}

static void bench_one(int fd, uint32_t type, uint32_t tx, const char *body, uint32_t len,
                      char *reply)
{
    struct message_header header;

    if (send_request(fd, type, tx, body, len) < 0 || read_reply('a', fd, &header, reply, 1) < 0 ||
        header.type == 16) {
        fprintf(stderr, "xenstored-client: request %u failed: %s\n", type, reply);
        exit(1);
    }
}

static void bench_run(const char *kind, const char *path, long count)
{
    char reply[CLIENT_BODY_MAX + 1], write_body[512];
    uint32_t path_size = (uint32_t)strlen(path) + 1, write_size;
    struct timespec start, end;
    int fd = connection_get('a');
    double seconds;

    snprintf(write_body, sizeof(write_body), "%.500s", path);
    memcpy(write_body + path_size, "value", 5);
    write_size = path_size + 5;
    bench_one(fd, TYPE_WRITE, 0, write_body, write_size, reply);
    clock_gettime(CLOCK_MONOTONIC, &start);
    for (long i = 0; i < count; i++) {
        if (strcmp(kind, "read") == 0) {
            bench_one(fd, TYPE_READ, 0, path, path_size, reply);
        } else if (strcmp(kind, "write") == 0) {
            bench_one(fd, TYPE_WRITE, 0, write_body, write_size, reply);
        } else {
            uint32_t tx;

            bench_one(fd, TYPE_TXN_START, 0, "", 1, reply);
            tx = (uint32_t)strtoul(reply, NULL, 10);
            bench_one(fd, TYPE_READ, tx, path, path_size, reply);
            bench_one(fd, TYPE_WRITE, tx, write_body, write_size, reply);
            bench_one(fd, TYPE_TXN_END, tx, "T", 2, reply);
        }
    }
    clock_gettime(CLOCK_MONOTONIC, &end);
    seconds = (double)(end.tv_sec - start.tv_sec) + (double)(end.tv_nsec - start.tv_nsec) / 1e9;
    printf("%s %ld in %.3f s: %.0f a second\n", kind, count, seconds, (double)count / seconds);
}

int main(int argc, char **argv)
{
    const char *kind = NULL, *path = "/bench/node";
    long count = 10000;
    int option;

    for (int i = 0; i < CLIENT_CONNECTIONS; i++) {
        connections[i] = -1;
    }
    while ((option = getopt(argc, argv, "s:d:b:n:p:")) != -1) {
        switch (option) {
        case 's':
            socket_path = optarg;
            break;
        case 'd':
            device_path = optarg;
            break;
        case 'b':
            kind = optarg;
            break;
        case 'p':
            path = strlen(optarg) < 400 ? optarg : path;
            break;
        case 'n':
            count = atol(optarg);
            break;
        default:
            fputs("usage: xenstored-client [-s SOCKET | -d DEVICE] [-b read|write|txn -n COUNT -p "
                  "PATH] [SCRIPT]\n",
                  stderr);
            return 2;
        }
    }
    setvbuf(stdout, NULL, _IOLBF, 0);
    if (kind) {
        bench_run(kind, path, count);
        return 0;
    }
    FILE *script = optind < argc ? fopen(argv[optind], "r") : stdin;
    if (!script) {
        die(argv[optind]);
    }
    script_run(script);
    return 0;
}
