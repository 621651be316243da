// Keeps the Q4_1 matrices of models in panels (models/matrix/q4_panels.hpp), which are multiplied faster than
// llama.cpp's rows and to the same bits. llama.cpp has such arrangements for other types of weights, and takes ours as
// one of them.
#pragma once

namespace heretix {

// To be called before the first model is loaded; later calls do nothing. Does nothing on a processor without a kernel.
// Any thread.
void keep_weights_in_panels();

}  // namespace heretix
