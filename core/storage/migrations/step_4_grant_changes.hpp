#pragma once

namespace agw::storage {

/// Every writer tells, whoever it is: the server does it. What is told is the row's id, which says nothing
/// about its owner; every role of the database may listen. An empty text stands for all rows.
///
/// Left out is what no reader decides by: leases, and the intents that come and go with them. An inserted row
/// is left out too, as nobody can have an older copy. The limit keeps an id that somebody made up (a
/// notification has at most 7,999 octets) from making the write fail.
inline constexpr const char* kStep4GrantChanges = R"sql(
CREATE FUNCTION agw_tell_grant_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF TG_LEVEL = 'STATEMENT' THEN
    PERFORM pg_catalog.pg_notify('agw_grants', '');
    RETURN NULL;
  END IF;
  PERFORM pg_catalog.pg_notify('agw_grants', CASE WHEN octet_length(OLD.id) <= 100 THEN OLD.id ELSE '' END);
  RETURN NULL;
END
$$;
CREATE TRIGGER agw_grant_deleted AFTER DELETE ON oauth_credentials
  FOR EACH ROW EXECUTE FUNCTION agw_tell_grant_change();
CREATE TRIGGER agw_grant_changed AFTER UPDATE ON oauth_credentials FOR EACH ROW
  WHEN ((OLD.id, OLD.profile_id, OLD.provider_id, OLD.issuer, OLD.subject, OLD.access_token, OLD.refresh_token,
         OLD.carry, OLD.issued_at, OLD.token_expiry, OLD.refresh_expires_at, OLD.scopes, OLD.status, OLD.version,
         OLD.created_at, OLD.consented_at, OLD.updated_at, OLD.failures, OLD.last_error, OLD.last_attempt_at,
         OLD.retry_not_before)
    IS DISTINCT FROM
        (NEW.id, NEW.profile_id, NEW.provider_id, NEW.issuer, NEW.subject, NEW.access_token, NEW.refresh_token,
         NEW.carry, NEW.issued_at, NEW.token_expiry, NEW.refresh_expires_at, NEW.scopes, NEW.status, NEW.version,
         NEW.created_at, NEW.consented_at, NEW.updated_at, NEW.failures, NEW.last_error, NEW.last_attempt_at,
         NEW.retry_not_before))
  EXECUTE FUNCTION agw_tell_grant_change();
CREATE TRIGGER agw_grants_truncated AFTER TRUNCATE ON oauth_credentials
  FOR EACH STATEMENT EXECUTE FUNCTION agw_tell_grant_change();
)sql";

}  // namespace agw::storage
