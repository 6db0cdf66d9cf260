// Throws before it has even shown a descriptor.
#include "broken.h"

const agw_provider* auth_gateway_provider_v1(void) {
  throw 42;
}
