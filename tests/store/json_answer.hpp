#pragma once
#include "store/reading.hpp"
#include "tests/store/postgres_fixture.hpp"

#include <rapidjson/document.h>
#include <rapidjson/pointer.h>
#include <rapidjson/stringbuffer.h>
#include <rapidjson/writer.h>

#include <string>

namespace agentmon::test {

/// An answer of a reading function, taken apart.
class json_answer {
public:
  explicit json_answer(result<std::string> text) : text_{must(std::move(text))} {
    document_.Parse(text_.data(), text_.size());
    if (document_.HasParseError()) throw std::runtime_error{"the answer is no JSON: " + text_};
  }

  /// The value at a JSON pointer ("/runs/0/status") as JSON text without quotes around strings; "absent" when there is
  /// none.
  std::string operator[](const std::string& pointer) const {
    const auto* const value = rapidjson::Pointer{pointer.data(), pointer.size()}.Get(document_);
    if (value == nullptr) return "absent";
    if (value->IsString()) return value->GetString();
    rapidjson::StringBuffer buffer;
    rapidjson::Writer writer{buffer};
    value->Accept(writer);
    return buffer.GetString();
  }
  size_t size(const std::string& pointer) const {
    const auto* const value = rapidjson::Pointer{pointer.data(), pointer.size()}.Get(document_);
    return value == nullptr ? 0 : value->Size();
  }
  const std::string& text() const { return text_; }

private:
  std::string text_;
  rapidjson::Document document_;
};

} // namespace agentmon::test
