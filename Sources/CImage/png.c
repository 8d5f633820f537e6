#include "apus_image.h"
