// One step of imagination on one core: `WorldModel.step` of p2e/world/world_model.py for all seeds.
//
// Called by p2e/world/native/world_step.py, which also declares `Step` for structures.hpp.

#include "gru.hpp"
#include "layer_norm.hpp"
#include "perceptron.hpp"
#include "structures.hpp"

namespace {

// The columns of several matrices of the same rows side by side, from column `first` on.
void put_columns(const float* from, long rows, long width, float* to, long first, long all) {
  for (long i = 0; i < rows; ++i) std::copy_n(from + i * width, width, to + i * all + first);
}

void step(const Step& s, long seed) {
  static thread_local Buffer inputs, known, outputs, before;
  long latents = s.latents, units = s.units, actions = s.actions, batch = s.batch;
  long in = latents + actions, wide = 3 * units, all = units + in;
  const float* latent = s.latent + seed * batch * latents;
  const float* action = s.action + seed * batch * actions;
  float* next_memory = s.next_memory + seed * batch * units;
  float* x = inputs.of_size(batch * in);
  put_columns(latent, batch, latents, x, 0, in);
  put_columns(action, batch, actions, x, latents, in);
  GatedRecurrentUnit(in, units)
      .forward({s.of_input + seed * in * wide, s.input_bias + seed * wide,
                s.of_memory + seed * units * wide, s.memory_bias + seed * wide},
               {1, batch, x, nullptr}, s.memory + seed * batch * units,
               before.of_size(batch * units), next_memory, nullptr);
  float* y = known.of_size(batch * all);
  put_columns(next_memory, batch, units, y, 0, all);
  put_columns(x, batch, in, y, units, all);
  Perceptron head({s.sizes, s.sizes + s.layers + 1}, Activation::SILU, s.rounded);
  float* predicted = outputs.of_size(batch * head.outputs());
  head.infer(s.head + seed * head.parameters(), row_major(y, batch, all), predicted);
  for (long i = 0; i < batch; ++i) {
    const float* row = predicted + i * head.outputs();
    long place = seed * batch + i;
    float* next = s.next_latent + place * latents;
    for (long k = 0; k < latents; ++k) next[k] = latent[i * latents + k] + row[k] * s.scale[seed];
    normalise(next, latents);
    s.continuation_logit[place] = row[latents];
  }
}

}  // namespace

extern "C" void world_step(const Step* s) {
  for (long seed = 0; seed < s->seeds; ++seed) step(*s, seed);
}
