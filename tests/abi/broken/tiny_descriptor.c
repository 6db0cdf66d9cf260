/* Claims a descriptor that has not even a version. */
#include "broken.h"

static int32_t enter(const agw_call* call) {
  (void)call;
  return AGW_UNSUPPORTED;
}

BROKEN_DESCRIPTOR(4, AGW_ABI_MAJOR, 0, "tiny_descriptor", "{}", enter)
