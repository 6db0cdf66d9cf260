/* A library, but not a provider. */
#include "broken.h"

BROKEN_EXPORT int something_else(void);
int something_else(void) {
  return 1;
}
