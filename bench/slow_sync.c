// A disk on which each fsync and fdatasync takes HERETIX_SYNC_MS milliseconds longer than on this one: bench/batch.py preloads it.
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdlib.h>
#include <unistd.h>

static int later(const char* name, int file) {
  int (*real)(int) = (int (*)(int))dlsym(RTLD_NEXT, name);
  const char* milliseconds = getenv("HERETIX_SYNC_MS");

  usleep(1000 * (milliseconds ? atoi(milliseconds) : 0));
  return real(file);
}

int fsync(int file) { return later("fsync", file); }
int fdatasync(int file) { return later("fdatasync", file); }
