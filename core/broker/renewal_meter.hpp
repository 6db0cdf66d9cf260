#pragma once

#include <string>

#include "base/metrics.hpp"
#include "base/result.hpp"

namespace agw {

/// Why a renewal was begun.
enum class RenewalCause {
  Read,      ///< a caller waits for it
  Due,       ///< behind the answer to a read
  Schedule,  ///< nobody asked
};

// Counting renewals. Safe to call from many threads.

/// `auth_gateway_renewals_total`. `error` null: new tokens, or none were needed any more when `renewed` is
/// false.
void countRenewal(Metrics& metrics, const std::string& provider, RenewalCause cause, const Error* error,
                  bool renewed);

enum class LeaseEvent {
  Taken,
  Held,  ///< it was in another's hands
  Lost,  ///< it had gone to another, or ended, when it was to be given back
};
/// `auth_gateway_leases_total`.
void countLease(Metrics& metrics, const std::string& provider, LeaseEvent event);

}  // namespace agw
