/* Speaks a contract of the future. */
#include "broken.h"

static int32_t enter(const agw_call* call) {
  (void)call;
  return AGW_UNSUPPORTED;
}

BROKEN_DESCRIPTOR(sizeof(agw_provider), 2, 0, "wrong_major", "{}", enter)
