/*
 * Calls a program many times and times each call: posix_spawn, stdin through a pipe, stdout read to its end, wait.
 *
 *   harness [-n CALLS] [-p PARALLEL] [-i STDIN_FILE] [-e NAME=VALUE]... [-x EXPECTED] [-s STATUS] PROGRAM...
 *
 * The program gets these variables and no others; "%d" in a value becomes the number of the call, from 0.
 * Every call must exit with STATUS (0) and print EXPECTED somewhere. After one that does not, the harness shows what came
 * instead, lets those finish that are under way, and exits with 1.
 * Prints one line with the wall time of everything, then one with the wall time of each call, in nanoseconds.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <spawn.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { MAX_ENV = 32, MAX_PARALLEL = 1024, MAX_INPUT = 60000, MAX_OUTPUT = 65536 };

static long calls = 1, parallel = 1;
static const char *expected = "";
static int expected_status = 0;
static const char *variables[MAX_ENV];
static int variable_count;
static char input[MAX_INPUT];
static size_t input_size;
static char **program;
static int64_t *durations;
static atomic_long next_call, failures;

static void fail(const char *what) {
  perror(what);
  exit(2);
}

static int64_t now_ns(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

/* The environment of one call, "%d" replaced; one allocation for each variable. */
static void make_environment(char **environment, long number) {
  for (int i = 0; i < variable_count; i++) {
    const char *mark = strstr(variables[i], "%d");
    int written = mark == NULL
                      ? asprintf(&environment[i], "%s", variables[i])
                      : asprintf(&environment[i], "%.*s%ld%s", (int)(mark - variables[i]), variables[i],
                                 number, mark + 2);
    if (written < 0) fail("asprintf");
  }
  environment[variable_count] = NULL;
}

static void call(long number) {
  char *environment[MAX_ENV + 1];
  make_environment(environment, number);
  char output[MAX_OUTPUT + 1];
  size_t size = 0;
  int in[2], out[2], status;
  pid_t pid;

  int64_t started = now_ns();
  /* Close-on-exec, so that no other child of another thread holds these ends open. */
  if (pipe2(in, O_CLOEXEC) != 0 || pipe2(out, O_CLOEXEC) != 0) fail("pipe2");
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_adddup2(&actions, in[0], 0);
  posix_spawn_file_actions_adddup2(&actions, out[1], 1);
  errno = posix_spawn(&pid, program[0], &actions, NULL, program, environment);
  if (errno != 0) fail(program[0]);
  posix_spawn_file_actions_destroy(&actions);
  close(in[0]);
  close(out[1]);
  /* The input fits into the pipe; a program that does not read it may be gone already (EPIPE). */
  if (write(in[1], input, input_size) < 0 && errno != EPIPE) fail("write");
  close(in[1]);
  for (;;) {
    char rest[4096];
    int full = size == MAX_OUTPUT;
    ssize_t got = read(out[0], full ? rest : output + size, full ? sizeof rest : MAX_OUTPUT - size);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) fail("read");
    if (got == 0) break;
    if (!full) size += (size_t)got;
  }
  close(out[0]);
  while (waitpid(pid, &status, 0) < 0)
    if (errno != EINTR) fail("waitpid");
  durations[number] = now_ns() - started;

  output[size] = '\0';
  int succeeded = WIFEXITED(status) && WEXITSTATUS(status) == expected_status;
  if ((!succeeded || strstr(output, expected) == NULL) && atomic_fetch_add(&failures, 1) == 0) {
    fprintf(stderr, "call %ld failed after %.1f s: wait status %d, expected '%s', printed: %s\n", number,
            (double)durations[number] / 1e9, status, expected, output);
  }
  for (int i = 0; i < variable_count; i++) free(environment[i]);
}

static void *work(void *unused) {
  for (;;) {
    long number = atomic_fetch_add(&next_call, 1);
    if (number >= calls || atomic_load(&failures) > 0) return unused;
    call(number);
  }
}

static void read_input(const char *path) {
  FILE *file = fopen(path, "r");
  if (file == NULL) fail(path);
  input_size = fread(input, 1, sizeof input, file);
  if (input_size == sizeof input) {
    fprintf(stderr, "%s: too large\n", path);
    exit(2);
  }
  fclose(file);
}

int main(int argc, char **argv) {
  int option;
  while ((option = getopt(argc, argv, "+n:p:i:e:x:s:")) != -1) {
    switch (option) {
      case 'n': calls = atol(optarg); break;
      case 'p': parallel = atol(optarg); break;
      case 'i': read_input(optarg); break;
      case 'e':
        if (variable_count == MAX_ENV) return 2;
        variables[variable_count++] = optarg;
        break;
      case 'x': expected = optarg; break;
      case 's': expected_status = atoi(optarg); break;
      default: return 2;
    }
  }
  program = argv + optind;
  if (program[0] == NULL || calls < 1 || parallel < 1 || parallel > MAX_PARALLEL) {
    fprintf(stderr, "usage: see the top of harness.c\n");
    return 2;
  }
  durations = calloc((size_t)calls, sizeof *durations);
  if (durations == NULL) fail("calloc");
  signal(SIGPIPE, SIG_IGN);

  int64_t started = now_ns();
  if (parallel == 1) {
    work(NULL);
  } else {
    pthread_t threads[MAX_PARALLEL];
    for (long i = 0; i < parallel; i++)
      if ((errno = pthread_create(&threads[i], NULL, work, NULL)) != 0) fail("pthread_create");
    for (long i = 0; i < parallel; i++) pthread_join(threads[i], NULL);
  }
  if (failures > 0) {
    fprintf(stderr, "%ld calls failed\n", atomic_load(&failures));
    return 1;
  }
  printf("%lld\n", (long long)(now_ns() - started));
  for (long i = 0; i < calls; i++) printf("%lld\n", (long long)durations[i]);
  return 0;
}
