// Lets something cross the border that is no standard exception.
#include "broken.h"

static int32_t enter(const agw_call*) {
  throw 42;
}

BROKEN_DESCRIPTOR(sizeof(agw_provider), AGW_ABI_MAJOR, 0, "throws_foreign", "{}", enter)
