#include "apus_runtime.h"

extern void apus_install_default_executor(void) __attribute__((weak));

int apus_runtime_install_executor(void) {
  if (!apus_install_default_executor) return 0;
  apus_install_default_executor();
  return 1;
}
