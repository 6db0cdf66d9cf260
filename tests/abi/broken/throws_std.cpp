// Lets a standard exception cross the border, which the contract forbids.
#include <stdexcept>

#include "broken.h"

static int32_t enter(const agw_call*) {
  throw std::runtime_error("a secret story");
}

BROKEN_DESCRIPTOR(sizeof(agw_provider), AGW_ABI_MAJOR, 0, "throws_std", "{}", enter)
