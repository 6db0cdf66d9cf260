/* Has the id of the built-in provider. */
#include "broken.h"

static int32_t enter(const agw_call* call) {
  (void)call;
  return AGW_UNSUPPORTED;
}

BROKEN_DESCRIPTOR(sizeof(agw_provider), AGW_ABI_MAJOR, 0, "oauth2", "{}", enter)
