#pragma once

#include <array>
#include <boost/beast/http/basic_parser.hpp>
#include <string>
#include <string_view>

#include "api/edge/head_rules.hpp"
#include "api/edge/request_reader.hpp"

namespace agw::api {

/// Beast's parser, writing straight into a `Request`. Refuses by an error code and leaves the reason in
/// `fault`.
class RequestReader::Parser final : public boost::beast::http::basic_parser<true> {
 public:
  explicit Parser(const ReaderLimits& limits);

  Request request;
  Fault fault;
  std::string target;
  int version = 0;

  [[nodiscard]] bool has(std::string_view name) const { return request.header(name).has_value(); }

 private:
  using Code = boost::beast::error_code;
  using Text = boost::beast::string_view;

  void refuse(Fault reason, Code& code);

  void on_request_impl(boost::beast::http::verb, Text method, Text requestTarget, int httpVersion,
                       Code& code) override;
  void on_response_impl(int, Text, int, Code&) override {}
  void on_field_impl(boost::beast::http::field, Text name, Text value, Code& code) override;
  void on_header_impl(Code&) override { headDone_ = true; }
  void on_body_init_impl(const boost::optional<std::uint64_t>& length, Code&) override;
  std::size_t on_body_impl(Text octets, Code& code) override;
  void on_chunk_header_impl(std::uint64_t, Text extensions, Code& code) override;
  std::size_t on_chunk_body_impl(std::uint64_t, Text octets, Code& code) override;
  void on_finish_impl(Code&) override {}

  const std::size_t usualBody_;
  std::size_t maxBody_;
  LargeBodies* largeBodies_;
  LargeBodies::Place place_;  ///< held from the first octet beyond the usual until the request is answered
  bool headDone_ = false;
};

}  // namespace agw::api
