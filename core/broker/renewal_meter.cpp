#include "broker/renewal_meter.hpp"

#include <array>

namespace agw {
namespace {

constexpr std::array kCauses{"read", "due", "schedule"};
constexpr std::array kLeaseEvents{"taken", "held", "lost"};

const char* outcomeOf(const Error* error, bool renewed) {
  if (!error) return renewed ? "renewed" : "not_needed";
  return error->kind == ErrorKind::GrantDead ? "consent_needed" : "failed";
}

}  // namespace

void countRenewal(Metrics& metrics, const std::string& provider, RenewalCause cause, const Error* error,
                  bool renewed) {
  metrics
      .counter("auth_gateway_renewals_total",
               "Renewals of grants, by why they were begun and how they ended.",
               {{"provider", provider},
                {"cause", kCauses.at(static_cast<std::size_t>(cause))},
                {"outcome", outcomeOf(error, renewed)}})
      .increment();
}

void countLease(Metrics& metrics, const std::string& provider, LeaseEvent event) {
  metrics
      .counter("auth_gateway_leases_total", "What became of the leases under which grants are renewed.",
               {{"provider", provider}, {"outcome", kLeaseEvents.at(static_cast<std::size_t>(event))}})
      .increment();
}

}  // namespace agw
