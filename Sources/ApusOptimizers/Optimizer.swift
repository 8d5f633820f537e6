import ApusNN
import ApusTensor
