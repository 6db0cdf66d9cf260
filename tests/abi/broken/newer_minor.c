/* Not broken: knows more than this gateway, which must load it nevertheless. */
#include "broken.h"

static int32_t enter(const agw_call* call) {
  (void)call;
  return AGW_UNSUPPORTED;
}

BROKEN_DESCRIPTOR(sizeof(agw_provider), AGW_ABI_MAJOR, 7, "newer_minor", "{}", enter)
