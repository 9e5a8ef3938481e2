#include "simt/ptx.h"
#include "simt/scheduler.h"
#include <ctype.h>
#include <elf.h>
#include <stdio.h>
#include <stdlib.h>
#include <string>

namespace adiw::simt {

namespace {
const char* ptx_type(char code) {
    return code == 'P' || code == 'C' || code == 'L' ? "u64" : code == 'I' ? "u32" : code == 'F' ? "f32" : "f64";
}
/// Bytes of a parameter.
int size_of(char code) { return code == 'I' || code == 'F' ? 4 : 8; }

/// The text without comments.
std::string bare(const char* text) {
    std::string result;
    for (const char* p = text; *p;) {
        if (p[0] == '/' && p[1] == '/') {
            while (*p && *p != '\n') p++;
        } else if (p[0] == '/' && p[1] == '*') {
            while (*p && !(p[0] == '*' && p[1] == '/')) p++;
            if (*p) p += 2;
        } else result += *p++;
    }
    return result;
}

std::string word(const std::string& text, size_t& at) {
    while (at < text.size() && isspace((unsigned char) text[at])) at++;
    size_t begin = at;
    while (at < text.size() && (isalnum((unsigned char) text[at]) || strchr("_$.", text[at]))) at++;
    return text.substr(begin, at - begin);
}
}

int cuda_version_of_ptx(int major, int minor) {
    // PTX 7.x came with CUDA 11.x, 8.x with 12.x, 9.x with 13.x; 6.0 to 6.5 with 9.0 to 10.2.
    static const int six[] = {9000, 9010, 9020, 10000, 10010, 10020};
    if (major == 6) return six[minor < 5 ? minor : 5];
    return (major + 4) * 1000 + minor * 10;
}

int target_of_ptx(const char* text) {
    std::string ptx = bare(text);
    size_t at = ptx.find(".target");
    int target = 0;
    if (at != std::string::npos) sscanf(ptx.c_str() + at, ".target sm_%d", &target);
    return target;
}

bool check_module(const char* text, int& major, int& minor, std::vector<std::string>& entries, char* error, size_t error_size) {
    std::string ptx = bare(text);
    size_t at = ptx.find(".version");
    if (at == std::string::npos || sscanf(ptx.c_str() + at, ".version %d.%d", &major, &minor) != 2) {
        snprintf(error, error_size, "the module is no PTX text: it has no .version line");
        return false;
    }
    for (at = ptx.find(".entry"); at != std::string::npos; at = ptx.find(".entry", at)) {
        at += strlen(".entry");
        std::string name = word(ptx, at);
        const Kernel* kernel = find_kernel(name.c_str());
        if (!kernel) {
            snprintf(error, error_size, "the PTX has a kernel %s that the simt build lacks", name.c_str());
            return false;
        }
        entries.push_back(name);
        size_t open = ptx.find_first_not_of(" \t\r\n", at), body = ptx.find('{', at);
        size_t close = open != std::string::npos && ptx[open] == '(' ? ptx.find(')', open) : std::string::npos;
        std::string has;
        if (close != std::string::npos) {
            for (size_t p = ptx.find(".param", open); p < close; p = ptx.find(".param", p)) {
                p += strlen(".param");
                std::string type = word(ptx, p);
                has += has.empty() ? type.substr(1) : " " + type.substr(1);
            }
        }
        std::string wanted;
        for (const char* c = kernel->signature; *c; c++) wanted += wanted.empty() ? ptx_type(*c) : std::string(" ") + ptx_type(*c);
        if (has != wanted) {
            snprintf(error, error_size, "the parameters of %s differ: the PTX has (%s), the simt build (%s)", name.c_str(), has.c_str(),
                     wanted.c_str());
            return false;
        }
        size_t bound = ptx.find(".maxntid", at);
        int threads = 0;
        if (bound != std::string::npos && bound < body) {
            int x = 1, y = 1, z = 1;
            sscanf(ptx.c_str() + bound, ".maxntid %d, %d, %d", &x, &y, &z);
            threads = x * y * z;
        }
        if (threads != kernel->threads) {
            snprintf(error, error_size, "the block of %s differs: the PTX declares %d threads, the simt build %d (0: any)", name.c_str(),
                     threads, kernel->threads);
            return false;
        }
        bound = ptx.find(".reqnctapercluster", at);
        int cluster = 1;
        if (bound != std::string::npos && bound < body) sscanf(ptx.c_str() + bound, ".reqnctapercluster %d", &cluster);
        if (cluster != kernel->cluster) {
            snprintf(error, error_size, "the cluster of %s differs: the PTX declares %d blocks, the simt build %d", name.c_str(), cluster,
                     kernel->cluster);
            return false;
        }
    }
    return true;
}

bool is_cubin(const void* image) {
    return !memcmp(image,
                   "\x7f"
                   "ELF",
                   4);
}

bool check_cubin(const void* image, int& architecture, std::vector<std::string>& entries, char* error, size_t error_size) {
    const char* file = (const char*) image;
    const Elf64_Ehdr* header = (const Elf64_Ehdr*) file;
    const int cuda = 190, with_architecture_in_second_byte = 8;
    if (header->e_ident[EI_CLASS] != ELFCLASS64 || header->e_machine != cuda) {
        snprintf(error, error_size, "the module is an ELF file, but no machine code of CUDA");
        return false;
    }
    architecture = header->e_ident[EI_ABIVERSION] >= with_architecture_in_second_byte ? header->e_flags >> 8 & 255 : header->e_flags & 255;
    const Elf64_Shdr* sections = (const Elf64_Shdr*) (file + header->e_shoff);
    const char* names = file + sections[header->e_shstrndx].sh_offset;
    const char code[] = ".nv.info.";
    for (int s = 0; s < header->e_shnum; s++) {
        const char* section = names + sections[s].sh_name;
        if (strncmp(section, code, strlen(code))) continue;
        std::string name = section + strlen(code);
        const Kernel* kernel = find_kernel(name.c_str());
        if (!kernel) {
            snprintf(error, error_size, "the machine code has a kernel %s that the simt build lacks", name.c_str());
            return false;
        }
        entries.push_back(name);
        // Attributes: a format, a number, 16 bits, and with format 4 so many bytes more.
        const int with_bytes = 4, parameter = 0x17, most_threads_declared = 0x05;
        std::vector<int> sizes(strlen(kernel->signature), 0);
        size_t found = 0;
        int threads = 0;
        const unsigned char* at = (const unsigned char*) file + sections[s].sh_offset;
        const unsigned char* end = at + sections[s].sh_size;
        while (at + 4 <= end) {
            int format = at[0], attribute = at[1];
            unsigned bytes = format == with_bytes ? at[2] | at[3] << 8 : 0;
            const unsigned char* value = at + 4;
            if (attribute == parameter && bytes == 12) {
                unsigned ordinal = value[4] | value[5] << 8, description;
                memcpy(&description, value + 8, 4);
                found++;
                if (ordinal < sizes.size()) sizes[ordinal] = (int) (description >> 18);
            } else if (attribute == most_threads_declared && bytes == 12) {
                int block[3];
                memcpy(block, value, 12);
                threads = block[0] * block[1] * block[2];
            }
            at = value + bytes;
        }
        bool same = found == sizes.size();
        for (size_t p = 0; p < sizes.size(); p++) same &= sizes[p] == size_of(kernel->signature[p]);
        if (!same || threads != kernel->threads) {
            snprintf(error, error_size, "the parameters or the block of %s in the machine code are not those of the simt build",
                     name.c_str());
            return false;
        }
    }
    return true;
}

namespace {
/// Adds a line for every kernel that is one of clusters, or is none.
void declare(std::string& text, bool clusters) {
    int count;
    const Kernel* table = kernels(count);
    for (int i = 0; i < count; i++) {
        if ((table[i].cluster > 1) != clusters) continue;
        text += std::string(".visible .entry ") + table[i].name + "(";
        int p = 0;
        for (const char* c = table[i].signature; *c; c++, p++)
            text += std::string(p ? ", " : "") + ".param ." + ptx_type(*c) + " " + table[i].name + "_param_" + std::to_string(p);
        text += ")";
        if (clusters) text += " .reqnctapercluster " + std::to_string(table[i].cluster) + ", 1, 1";
        if (table[i].threads) text += " .maxntid " + std::to_string(table[i].threads) + ", 1, 1";
        text += " { ret; }\n";
    }
}
}

char* declarations() {
    std::string text = "// Declarations only: this build has no PTX.\n";
    for (int clusters = 0; clusters < 2; clusters++) {
        text += clusters ? ".version 7.8\n.target sm_90\n" : ".version 7.0\n.target sm_80\n";
        text += ".address_size 64\n";
        declare(text, clusters);
    }
    return strdup(text.c_str());
}

}
