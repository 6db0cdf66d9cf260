#pragma once

#include <cstdint>
#include <cstdlib>
#include <string_view>

/// Stops the fuzzer with the input that broke the promise.
#define FUZZ_CHECK(promise)       \
  do {                            \
    if (!(promise)) std::abort(); \
  } while (false)

inline std::string_view asText(const std::uint8_t* data, std::size_t size) {
  return {reinterpret_cast<const char*>(data), size};
}
