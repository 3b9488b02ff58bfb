#include "protocol/utf_8.hpp"

#include <doctest/doctest.h>

#include <string>

using namespace agentmon;

TEST_CASE("characters of every length are UTF-8") {
  for (const std::string text :
       {"", "a", "\x7f", "\xc2\x80", "\xdf\xbf", "\xe0\xa0\x80", "\xed\x9f\xbf", "\xee\x80\x80", "\xef\xbf\xbf",
        "\xf0\x90\x80\x80", "\xf4\x8f\xbf\xbf", "a\xc3\xa4\xf0\x9f\x98\x80z"}) {
    CAPTURE(text);
    CHECK(is_utf_8(text));
    CHECK(to_utf_8(text) == text);
  }
  CHECK(is_utf_8(std::string(1, '\0')));
}

TEST_CASE("overlong forms, surrogates and halves are no UTF-8") {
  for (const std::string text :
       {"\x80", "\xbf", "\xc0\x80", "\xc1\xbf", "\xc3", "\xc3z", "\xe0\x9f\xbf", "\xe2\x82", "\xe2z\x80",
        "\xed\xa0\x80", "\xf0\x8f\xbf\xbf", "\xf0\x90\x80", "\xf4\x90\x80\x80", "\xf5\x80\x80\x80", "\xff"}) {
    CAPTURE(text);
    CHECK_FALSE(is_utf_8(text));
    CHECK(is_utf_8(to_utf_8(text)));
  }
  CHECK(to_utf_8("a\xff\xc3z\xc3\xa4\xe2\x82") == "a\xef\xbf\xbd\xef\xbf\xbdz\xc3\xa4\xef\xbf\xbd\xef\xbf\xbd");
}
