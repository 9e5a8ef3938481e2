// What the stand-in driver reads of a PTX text: its version and the parameters of its entries.
#pragma once
#include <stddef.h>
#include <string>
#include <vector>

namespace adiw::simt {

/// CUDA version (as cuDriverGetVersion gives it: 1000 major + 10 minor) that a PTX text of this version needs.
int cuda_version_of_ptx(int major, int minor);
/// Checks that every entry of the text is a kernel of this library, with its parameter types and declared block; a sentence
/// if not. Gives the text's version and the entries.
bool check_module(const char* text, int& major, int& minor, std::vector<std::string>& entries, char* error, size_t error_size);
/// A PTX text without code that declares every kernel of this library; to be freed.
char* declarations();

}
