#pragma once

#include <cassert>
#include <optional>
#include <type_traits>
#include <utility>
#include <variant>

#include "base/error.hpp"

namespace agw {

/// A value or the `Error` that prevented it. Dropping one is a compile error; reading the wrong side asserts.
template <class T>
class [[nodiscard]] Result {
 public:
  // Implicit, so that `return value;` and `return Error{...};` read as what they are.
  Result(T success) : state_(std::in_place_index<0>, std::move(success)) {}
  Result(Error failure) : state_(std::in_place_index<1>, std::move(failure)) {}

  [[nodiscard]] bool ok() const { return state_.index() == 0; }
  explicit operator bool() const { return ok(); }

  [[nodiscard]] T& value() & { return *require<0>(); }
  [[nodiscard]] const T& value() const& { return *require<0>(); }
  /// By value, so that `for (auto& x : *call())` does not walk over what is gone.
  [[nodiscard]] T value() && { return std::move(*require<0>()); }
  T& operator*() & { return value(); }
  const T& operator*() const& { return value(); }
  T operator*() && { return std::move(*this).value(); }
  T* operator->() { return require<0>(); }
  const T* operator->() const { return require<0>(); }

  [[nodiscard]] const Error& error() const& { return *require<1>(); }
  [[nodiscard]] Error&& error() && { return std::move(*require<1>()); }

 private:
  template <std::size_t I>
  auto* require() {
    auto* side = std::get_if<I>(&state_);
    assert(side && "the other side of a Result was read");
    return side;
  }
  template <std::size_t I>
  const auto* require() const {
    const auto* side = std::get_if<I>(&state_);
    assert(side && "the other side of a Result was read");
    return side;
  }

  std::variant<T, Error> state_;
};

/// Success without a value: `return {};`.
template <>
class [[nodiscard]] Result<void> {
 public:
  Result() = default;
  Result(Error failure) : error_(std::move(failure)) {}

  [[nodiscard]] bool ok() const { return !error_; }
  explicit operator bool() const { return ok(); }
  [[nodiscard]] const Error& error() const& {
    assert(error_ && "the error of a success was read");
    return *error_;
  }
  [[nodiscard]] Error&& error() && {
    assert(error_ && "the error of a success was read");
    return std::move(*error_);
  }

 private:
  std::optional<Error> error_;
};

}  // namespace agw
