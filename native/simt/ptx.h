// What the stand-in driver reads of a module, PTX text or machine code: its version or architecture, and the parameters of its entries.
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
/// The architecture that a PTX text is for, at least: 80 for sm_80; 0 if it does not say.
int target_of_ptx(const char* text);
/// Whether an image is machine code: an ELF file.
bool is_cubin(const void* image);
/// As check_module, for machine code, of whose parameters only the sizes are known. Gives the architecture, 80 for sm_80.
bool check_cubin(const void* image, int& architecture, std::vector<std::string>& entries, char* error, size_t error_size);
/// A PTX text without code that declares every kernel of this library; to be freed.
char* declarations();

}
