#include "broker/places.hpp"

namespace agw {

Place placeOf(const Grant& grant, std::string_view column) {
  return {"oauth_credentials", column, grant.id, grant.provider, grant.profile};
}

Place placeOf(const Flow& flow, std::string_view column) {
  return {"oauth_sessions", column, flow.id, flow.provider, flow.profile};
}

Place placeOf(const InstallFlow& flow, std::string_view column) {
  return {"oauth_states", column, flow.id, flow.provider, {}};
}

Place placeOf(const PendingRevocation& revocation) {
  return {"oauth_revocations", column::kTokens, revocation.id, revocation.provider, revocation.profile};
}

Place placeOf(const ProviderRow& row) {
  return {"oauth_providers", column::kClientSecret, row.id, row.id, {}};
}

Place placeOf(const SealedRow& row, const SealedField& field) {
  return {row.table, field.column, row.id, row.provider, row.owner};
}

}  // namespace agw
