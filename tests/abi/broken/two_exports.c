/* Exports more than the entry: loads, but provider-check refuses it. */
#include "broken.h"

BROKEN_EXPORT int leaked(void);
int leaked(void) {
  return 1;
}

static int32_t enter(const agw_call* call) {
  (void)call;
  return AGW_UNSUPPORTED;
}

BROKEN_DESCRIPTOR(sizeof(agw_provider), AGW_ABI_MAJOR, 0, "two_exports", "{}", enter)
