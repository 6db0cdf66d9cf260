/* Wants a library that the machine does not have. */
#include "broken.h"

int from_the_missing_library(void);

static int32_t enter(const agw_call* call) {
  (void)call;
  return from_the_missing_library();
}

BROKEN_DESCRIPTOR(sizeof(agw_provider), AGW_ABI_MAJOR, 0, "missing_dependency", "{}", enter)
