#pragma once

namespace agw::storage {

/// Events of providers whose effects are there, so that a replay has none.
inline constexpr const char* kStep5Deliveries = R"sql(
CREATE TABLE oauth_deliveries (
  provider_id {text} NOT NULL,
  delivery {text} NOT NULL,
  received_at BIGINT NOT NULL,
  PRIMARY KEY (provider_id, delivery)
);
CREATE INDEX idx_deliveries_received ON oauth_deliveries (received_at);
)sql";

}  // namespace agw::storage
