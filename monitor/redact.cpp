#include "monitor/redact.hpp"

#include "protocol/limits.hpp"

#include <array>
#include <cstdint>
#include <memory>
#include <vector>

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

namespace agentmon::monitor {
namespace {

// What stands in a name that means a secret; not "tokens", which are counted, nor "tokenizer".
#define WORD                                                                                                           \
  "(?:pass(?:word|wd|phrase|code)|passw|pwd|secret|token(?!s|iz)|api[-_]?key|apikey|access[-_]?key|"                   \
  "private[-_]?key|signing[-_]?key|credential|authorization|auth[-_]?key|cookie|jwt|database[-_]?url|dsn)"             \
  "[A-Za-z0-9_.-]*+"
#define VALUE R"((?:"(?:[^"\\]|\\.)*+"?|'(?:[^'\\]|\\.)*+'?|[^\s"'&;,<>|)}\]]+))"

enum class letters : uint8_t { as_they_are, of_any_case };

/// What the first group matched is kept, the rest is hidden.
struct rule {
  const char* pattern;
  letters meant = letters::as_they_are;
};

constexpr auto rules = std::to_array<rule>({
    {R"(()-----BEGIN [A-Z0-9 ]*PRIVATE KEY[A-Z ]*-----[\s\S]*?(?:-----END [A-Z0-9 ]*PRIVATE KEY[A-Z ]*-----|$))"},
    // scheme://user:password@host, and scheme://token@host
    {R"(\b([a-z][a-z0-9+.-]*+:\/\/)[^\s\/?#@"']+(?=@))", letters::of_any_case},
    {R"(\b((?:proxy-)?authorization["']?\s*[:=]\s*["']?(?:[a-z]+\s+)?)[^\s"',;]+)", letters::of_any_case},
    {R"(\b((?:set-)?cookie["']?\s*:\s*["']?)[^\r\n"']+)", letters::of_any_case},
    {R"(\b((?:bearer|basic)\s+)[A-Za-z0-9._~+\/=-]{8,})", letters::of_any_case},
    // NAME=value, NAME: value, "name": "value", --name value
    {"(" WORD R"(\\?["']?\s*[=:]\s*\\?))" VALUE, letters::of_any_case},
    {R"(((?:^|\s)--?[A-Za-z0-9_.-]*)" WORD R"(\s+)(?!-))" VALUE, letters::of_any_case},
    // "the password is 'value'": in quotation marks, or with a digit in it
    {"(" WORD R"(\s(?:is|was|to)\s)(?:"[^"]+"|'[^']+'|`[^`]+`|(?=[^\s\d]*\d)[^\s,;]{6,}))", letters::of_any_case},
    // user:password of curl, mysql's -pPASSWORD, sshpass -p
    {R"((\s(?:-u|--user|--proxy-user)[\s=]+["']?[^\s:"']+:)[^\s"']+)"},
    {R"((\b(?:sshpass\s+-p\s*|mysql(?:dump|admin)?\b[^\n|;&]*?\s-p)["']?)[^\s"']+)"},
    // Keys that tell by their shape what they are.
    {R"(()\b(?:sk|pk|rk)[-_][A-Za-z0-9_-]{16,})"},
    {R"(()\bgh[pousr]_[A-Za-z0-9]{20,}|\bgithub_pat_[A-Za-z0-9_]{20,}|\bglpat-[A-Za-z0-9_-]{16,})"},
    {R"(()\bxox[abeoprs]-[A-Za-z0-9-]{10,}|\bxapp-[A-Za-z0-9-]{10,})"},
    {R"(()https:\/\/hooks\.slack\.com\/[^\s"']+|https:\/\/discord(?:app)?\.com\/api\/webhooks\/[^\s"']+)"},
    {R"(()\b(?:AKIA|ASIA|ABIA|ACCA)[A-Z0-9]{16}\b)"},
    {R"(()\bAIza[A-Za-z0-9_-]{30,}|\bya29\.[A-Za-z0-9_-]{20,}|\bGOCSPX-[A-Za-z0-9_-]{20,})"},
    {"()\\b(?:npm|hf|dop_v1|shpat|shpss|tskey|pypi|lin_api|figd|gsk|xai|tvly|r8|nvapi|dckr_pat|sntrys|sbp|pul|glsa|"
     "ATATT3x)[-_A-Za-z]*[-_][A-Za-z0-9_-]{20,}"},
    {R"(()\bSG\.[A-Za-z0-9_-]{16,}\.[A-Za-z0-9_-]{16,})"},
    {R"(()\beyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{8,}\.?[A-Za-z0-9_-]*)"},
    {R"(()\b\d{6,12}:[A-Za-z0-9_-]{30,})"},
});

#undef WORD
#undef VALUE

template <auto Free>
struct freed {
  template <class T>
  void operator()(T* it) const {
    Free(it);
  }
};
template <class T, auto Free>
using handle = std::unique_ptr<T, freed<Free>>;
using pattern = handle<pcre2_code, pcre2_code_free>;

std::vector<pattern> compiled() {
  std::vector<pattern> list;
  for (const auto& each : rules) {
    int error = 0;
    size_t where = 0;
    const uint32_t options = each.meant == letters::of_any_case ? PCRE2_CASELESS : 0;
    list.emplace_back(pcre2_compile(reinterpret_cast<PCRE2_SPTR>(each.pattern), PCRE2_ZERO_TERMINATED, options, &error,
                                    &where, nullptr));
  }
  return list;
}

/// Replaces all that a pattern matches; false when it would take too long, or cannot be done.
bool hide(std::string& text, const pcre2_code* code, pcre2_match_context* bounds) {
  static const std::string by = "${1}" + std::string{redacted};
  constexpr uint32_t how = PCRE2_SUBSTITUTE_GLOBAL | PCRE2_SUBSTITUTE_UNSET_EMPTY | PCRE2_SUBSTITUTE_OVERFLOW_LENGTH;
  const auto as_units = [](const std::string& it) { return reinterpret_cast<PCRE2_SPTR>(it.data()); };
  std::string made(text.size() + limits::KiB, '\0');
  for (int tries = 0; tries < 2; ++tries) {
    size_t size = made.size();
    const int status = pcre2_substitute(code, as_units(text), text.size(), 0, how, nullptr, bounds, as_units(by),
                                        by.size(), reinterpret_cast<PCRE2_UCHAR*>(made.data()), &size);
    if (status < 0 && status != PCRE2_ERROR_NOMEMORY) return false;
    made.resize(size);
    if (status == PCRE2_ERROR_NOMEMORY) continue; // it then tells the size that it needs
    if (status > 0) text = std::move(made);
    return true;
  }
  return false;
}

} // namespace

std::string redact(std::string text) {
  static const auto patterns = compiled();
  const handle<pcre2_match_context, pcre2_match_context_free> bounds{pcre2_match_context_create(nullptr)};
  if (bounds) pcre2_set_match_limit(bounds.get(), limits::redact_steps);
  for (const auto& each : patterns)
    if (!bounds || !each || !hide(text, each.get(), bounds.get())) return std::string{redacted};
  return text;
}

} // namespace agentmon::monitor
