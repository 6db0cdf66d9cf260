/* Its options schema is no JSON. */
#include "broken.h"

static int32_t enter(const agw_call* call) {
  (void)call;
  return AGW_UNSUPPORTED;
}

BROKEN_DESCRIPTOR(sizeof(agw_provider), AGW_ABI_MAJOR, 0, "bad_schema", "{\"type\":", enter)
